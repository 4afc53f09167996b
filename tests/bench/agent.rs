//! The installed agent, started on the bench's site: provisioned, waited for, asked once, and ended again.
//!
//! Only what an operator has is used: `kunci provision --all`, `kunci-agent`, its socket, its signals.

use crate::algorithm::Algorithm;
use crate::load::{Connection, Load};
use crate::problem::Problem;
use crate::processes::Processes;
use crate::site::{Places, Site};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

/// How long the agent may take to serve, and to end.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// The admins' socket, beside the callers'.
const ADMIN_SOCKET: &str = "admin.sock";
const RELOAD: &[u8] =
    b"POST /v1/reload HTTP/1.1\r\nHost: kunci\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// A running agent. Dropped, it is killed.
pub(crate) struct Agent {
    child: Child,
    socket: PathBuf,
    log: PathBuf,
}

impl Agent {
    /// Provisions the site's connectors, starts the agent, and checks one answer of each connector.
    pub(crate) fn start(places: &Places, site: &Site) -> Result<Self, Problem> {
        provision(&places.bin_dir.join("kunci"), &site.config)?;
        Self::spawn(places, site)
    }

    /// Starts the agent on a provisioned site, and checks one answer of each connector.
    pub(crate) fn spawn(places: &Places, site: &Site) -> Result<Self, Problem> {
        let program = places.bin_dir.join("kunci-agent");
        let log = places.state.join("agent.log");
        let out = File::create(&log).map_err(Problem::at("create", &log))?;
        let mut command = Command::new(&program);
        command
            .arg("--config")
            .arg(&site.config)
            .stdout(out.try_clone().map_err(Problem::at("share", &log))?)
            .stderr(out);
        let child = command.spawn().map_err(Problem::at("start", &program))?;
        let mut agent = Self { child, socket: site.socket.clone(), log };
        agent.wait_until_well(site)?;
        Ok(agent)
    }

    /// Opens so many connections to it.
    pub(crate) fn load<'a>(&self, requests: &'a [Vec<u8>], connections: usize) -> Result<Load<'a>, Problem> {
        Load::open(&self.socket, requests, connections)
    }

    /// Its processes as they are now.
    pub(crate) fn processes(&self) -> Result<Processes, Problem> {
        Processes::of(self.child.id())
    }

    /// Has it read the configuration and all tenants anew while a load goes on.
    pub(crate) fn reload_under(&self, load: &mut Load<'_>) -> Result<(), Problem> {
        let admin = self.socket.with_file_name(ADMIN_SOCKET);
        thread::scope(|scope| {
            let reload = scope.spawn(move || reload(&admin));
            while !reload.is_finished() {
                load.run(LOOK_AGAIN)?;
            }
            reload.join().unwrap_or_else(|_| Err(Problem::Agent("the reload was given up".to_owned())))
        })
    }

    /// Kills it, and waits until all its processes are gone.
    pub(crate) fn kill(self) -> Result<(), Problem> {
        let processes = self.processes()?;
        drop(self);
        let end = Instant::now() + PATIENCE;
        while processes.all().any(|pid| Path::new(&format!("/proc/{pid}/exe")).exists()) {
            if Instant::now() > end {
                return Err(Problem::Agent("a process of the agent outlives it".to_owned()));
            }
            thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn stop(mut self) -> Result<(), Problem> {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).map_err(Problem::io("end the agent"))?;
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if self.ended()?.is_some() {
                return Ok(());
            }
            thread::sleep(LOOK_AGAIN);
        }
        Err(Problem::Agent(format!("the agent did not end within {} s of SIGTERM", PATIENCE.as_secs())))
    }

    /// Every connector signs: its token may still be logging in while the socket answers already.
    fn wait_until_well(&mut self, site: &Site) -> Result<(), Problem> {
        let end = Instant::now() + PATIENCE;
        loop {
            let well = Algorithm::ALL.into_iter().try_for_each(|algorithm| self.check_one(site, algorithm));
            let Err(why) = well else { return Ok(()) };
            if let Some(status) = self.ended()? {
                return Err(Problem::Agent(format!(
                    "the agent ended ({status}); see {}",
                    self.log.display()
                )));
            }
            if Instant::now() > end {
                return Err(Problem::Agent(format!(
                    "the agent is not well: {why}; see {}",
                    self.log.display()
                )));
            }
            thread::sleep(LOOK_AGAIN);
        }
    }

    fn ended(&mut self) -> Result<Option<std::process::ExitStatus>, Problem> {
        self.child.try_wait().map_err(Problem::io("look after the agent"))
    }

    /// An assertion with a signature of the right length: the right algorithm, made by a key of the right size.
    fn check_one(&self, site: &Site, algorithm: Algorithm) -> Result<(), Problem> {
        let request = site.requests(algorithm).swap_remove(0);
        let mut connection = Connection::open(&self.socket)?;
        let body = connection.ask(&request)?;
        let bad = || Problem::Answer(String::from_utf8_lossy(body).into_owned());
        let answer: serde_json::Value = serde_json::from_slice(body).map_err(|_| bad())?;
        let assertion = answer["assertion"].as_str().ok_or_else(bad)?;
        let parts: Vec<&str> = assertion.split('.').collect();
        match parts.as_slice() {
            [_, _, signature] if signature.len() == signature_chars(algorithm) => Ok(()),
            _ => Err(bad()),
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // An agent that has ended cannot be killed again; nothing is left to do about either failure.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn reload(admin: &Path) -> Result<(), Problem> {
    let mut stream = UnixStream::connect(admin).map_err(Problem::at("connect to", admin))?;
    let mut answer = String::new();
    stream.set_read_timeout(Some(PATIENCE)).map_err(Problem::io("set a time-out"))?;
    stream.write_all(RELOAD).map_err(Problem::io("ask for a reload"))?;
    stream.read_to_string(&mut answer).map_err(Problem::io("read the reload's answer"))?;
    if answer.starts_with("HTTP/1.1 204") { Ok(()) } else { Err(Problem::Answer(answer)) }
}

fn provision(kunci: &Path, config: &Path) -> Result<(), Problem> {
    let mut command = Command::new(kunci);
    command.arg("--config").arg(config).args(["provision", "--all"]).env_remove("KUNCI_SOCKET");
    let output = command.output().map_err(Problem::at("start", kunci))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Problem::Agent(format!("kunci provision --all failed ({}): {said}", output.status)))
}

/// The length of a signature in unpadded base64url: 256 bytes of RSA-2048, 64 of P-256.
fn signature_chars(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::PS256 => 342,
        Algorithm::ES256 => 86,
    }
}
