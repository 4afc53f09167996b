//! A running agent: its processes, its sockets, its end.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::http::{Connection, Reply};
use crate::rig::{CLIENT, TENANT};
use crate::wait::{until, until_true};

/// `KUNCI_LOG` of an agent whose supervisor says what it looks at, twice a second: what is to hold for a while is asked
/// after so many looks.
pub const LOUD: &str = "info,agent::supervisor=debug";
/// What it says of a host that it told to go, at each look.
pub const NOT_LEFT: &str = "the host has not left yet";
/// What it says of a host that starts or logs in.
pub const NOT_BACK: &str = "its module has not come back yet";
/// How much of its output is shown when a test fails, in lines.
const LAST_LINES: usize = 200;

/// A running agent; killed when it is dropped.
pub struct Agent {
    child: Child,
    log: PathBuf,
    socket: PathBuf,
    admin: PathBuf,
}

impl Agent {
    pub fn spawn(log: PathBuf, socket: PathBuf, admin: PathBuf, mut command: Command) -> Self {
        let output = File::options().create(true).append(true).open(&log).unwrap();
        let child =
            command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output).spawn().unwrap();
        Self::of(child, log, socket, admin)
    }

    /// An agent that was started some other way, whose output goes to `log`.
    pub fn of(child: Child, log: PathBuf, socket: PathBuf, admin: PathBuf) -> Self {
        Self { child, log, socket, admin }
    }

    /// Waits until both sockets answer.
    pub fn wait_answering(&self) {
        for socket in [&self.socket, &self.admin] {
            until("the agent answers", || Connection::open(socket).ok()?.send("GET", "/v1/health", b"").ok());
        }
    }

    /// Waits until every token is ready and every connector with a certificate signs.
    pub fn wait_ready(&self) {
        until_true("the tokens are ready", || self.tokens().iter().all(|token| token["state"] == "ready"));
        let waits = |connector: &serde_json::Value| {
            let mut keys = connector["keys"].as_array().unwrap().iter();
            keys.any(|key| key["state"] == "certified" && !key["inactive"].is_null())
        };
        until_true("the keys are active", || !self.connectors().iter().any(waits));
    }

    /// Waits until every token was surveyed: only then is its grade known.
    #[track_caller]
    pub fn await_surveys(&self) {
        until_true("the tokens are surveyed", || {
            self.tokens().iter().all(|token| token["grade"].is_string())
        });
    }

    /// Waits until every token is in this state.
    #[track_caller]
    pub fn await_tokens(&self, state: &str) {
        until_true(&format!("the token is {state}"), || {
            let tokens = self.tokens();
            !tokens.is_empty() && tokens.iter().all(|token| token["state"] == state)
        });
    }

    /// Waits until a good request works again.
    #[track_caller]
    pub fn await_signature(&self) {
        until_true("it signs again", || self.assertion("de").status == 200);
    }

    pub fn tokens(&self) -> Vec<serde_json::Value> {
        self.admin("GET", "/v1/tokens", "").json().as_array().cloned().unwrap_or_default()
    }

    /// Why its first token is not served, as an admin is told.
    pub fn detail(&self) -> String {
        self.tokens()[0]["detail"].as_str().unwrap_or_default().to_owned()
    }

    pub fn connectors(&self) -> Vec<serde_json::Value> {
        self.admin("GET", "/v1/connectors", "").json().as_array().cloned().unwrap_or_default()
    }

    /// One request on agent.sock, on a connection of its own.
    #[track_caller]
    pub fn call(&self, method: &str, path: &str, body: &str) -> Reply {
        Connection::open(&self.socket).unwrap().send(method, path, body.as_bytes()).unwrap()
    }

    /// One request on admin.sock.
    #[track_caller]
    pub fn admin(&self, method: &str, path: &str, body: &str) -> Reply {
        Connection::open(&self.admin).unwrap().send(method, path, body.as_bytes()).unwrap()
    }

    /// Asks for an assertion of the rig's pair.
    #[track_caller]
    pub fn assertion(&self, connector: &str) -> Reply {
        self.call("POST", &assertions(connector), &body(TENANT, CLIENT))
    }

    /// A connection to agent.sock.
    pub fn connection(&self) -> Connection {
        Connection::open(&self.socket).unwrap()
    }

    pub fn socket(&self) -> &Path {
        &self.socket
    }

    pub fn admin_socket(&self) -> &Path {
        &self.admin
    }

    /// The supervisor's process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The front's process id.
    pub fn front(&self) -> Option<u32> {
        self.role("front").into_iter().next()
    }

    /// Waits until so many fronts were there after each other.
    pub fn until_fronts(&self, many: usize) {
        let mut seen = BTreeSet::new();
        until_true("fronts end and start", || {
            seen.extend(self.front());
            seen.len() > many
        });
    }

    /// The hosts' process ids.
    pub fn hosts(&self) -> Vec<u32> {
        self.role("host")
    }

    /// The host of a token.
    pub fn host(&self, token: &str) -> Option<u32> {
        let serves = |pid: &u32| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0).any(|part| part == token.as_bytes())
        };
        self.hosts().into_iter().find(serves)
    }

    /// What is told of a token.
    pub fn token(&self, name: &str) -> serde_json::Value {
        self.tokens().into_iter().find(|token| token["name"] == name).unwrap()
    }

    fn role(&self, role: &str) -> Vec<u32> {
        let supervisor = self.pid();
        let tasks =
            fs::read_to_string(format!("/proc/{supervisor}/task/{supervisor}/children")).unwrap_or_default();
        let plays = |pid: &u32| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.split(|byte| *byte == 0).nth(1) == Some(role.as_bytes())
        };
        tasks.split_whitespace().filter_map(|pid| pid.parse().ok()).filter(plays).collect()
    }

    /// Sends a signal to the supervisor.
    pub fn signal(&self, signal: Signal) {
        kill(self.pid(), signal);
    }

    /// SIGTERM, and the exit status.
    pub fn stop(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.child.wait().unwrap()
    }

    /// Waits for the end.
    pub fn wait(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// The end, if it came.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits until its log says something: one of its processes answers before another has told of it.
    pub fn await_output(&self, words: &str) {
        until(&format!("the log says {words:?}"), || self.output().contains(words).then_some(()));
    }

    /// What the agent wrote so far.
    pub fn output(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// How often it said so.
    pub fn said(&self, what: &str) -> usize {
        self.output().matches(what).count()
    }

    /// Waits until it said so this many times more.
    pub fn until_said(&self, what: &str, times: usize) {
        let before = self.said(what);
        until_true(&format!("it says {times} times more: {what}"), || self.said(what) >= before + times);
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let children = [self.hosts(), self.front().into_iter().collect()].concat();
        let _ = self.child.kill();
        let _ = self.child.wait();
        // They die with the supervisor; a rig's folder must not be removed under them.
        for pid in children {
            until_true("a child dies with its supervisor", || {
                !Path::new(&format!("/proc/{pid}/exe")).exists()
            });
        }
        if std::thread::panicking() {
            let output = self.output();
            let lines: Vec<&str> = output.lines().collect();
            let last = lines.len().saturating_sub(LAST_LINES);
            eprintln!("--- the agent's last output\n{}", lines[last..].join("\n"));
        }
    }
}

/// Sends a signal to a process, if it is there. One that is told to stop has stopped when this returns.
pub fn kill(pid: u32, signal: Signal) {
    let Some(process) = Pid::from_raw(pid.cast_signed()) else { return };
    if kill_process(process, signal).is_ok() && signal == Signal::STOP {
        until_true("it has stopped", || threads(pid).iter().all(|state| "TtZX".contains(*state)));
    }
}

/// What each thread of a process does, as proc(5) says it in `stat`, behind the name in parentheses.
fn threads(pid: u32) -> Vec<char> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let stats = tasks.filter_map(|task| fs::read_to_string(task.path().join("stat")).ok());
    stats.filter_map(|stat| stat.rsplit_once(") ")?.1.chars().next()).collect()
}

/// The path of a connector's assertions.
pub fn assertions(connector: &str) -> String {
    format!("/v1/connectors/{connector}/assertions")
}

/// A whole request, as bytes.
pub fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{method} {path} HTTP/1.1\r\nHost: kunci\r\nContent-Length: {length}\r\n\r\n{body}").into_bytes()
}

/// The body of a request for an assertion.
pub fn body(tenant: &str, client_id: &str) -> String {
    serde_json::json!({ "tenant": tenant, "client_id": client_id }).to_string()
}
