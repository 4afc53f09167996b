//! Every answer that is sent before the request was read is read all the same: by Node's client and by Python's, which
//! write on while the agent has made up its mind, and by who writes more than the agent will ever read.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tests::agent::assertions;
use tests::http::{Connection, Reply};
use tests::judge::{node, python};
use tests::rig::ALL;
use tests::wait::until;
use tests::{Agent, Rig};

/// How often each client asks, by itself and so many at a time.
const TRIES: usize = 200;
const AT_ONCE: usize = 16;
/// The places of one uid here.
const PLACES: usize = 4;
/// How long the agent listens on when it has answered.
const LINGER: Duration = Duration::from_secs(2);
/// A body that is too large, and one that fills the socket's buffers besides.
const LARGE: usize = 8 * 1024;
const HUGE: usize = 600 * 1024;

#[test]
fn a_uid_at_its_connection_limit_reads_its_429_each_time() {
    let rig = Rig::bare().agent_line(&format!("max_connections_per_uid = {PLACES}")).provisioned();
    let agent = rig.start();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| hold(&agent, &over));
        let _ends = Ends(&over);
        let mut refused = until("all places are taken", || {
            let mut connection = agent.connection();
            let reply = connection.send("POST", &assertions("de"), b"").ok()?;
            (reply.status == 429).then_some(reply)
        });
        refused.headers.retain(|(name, _)| name == "retry-after" || name == "connection");
        assert_eq!(refused.headers.len(), 2, "{refused:?}");
        for at_once in [1, AT_ONCE] {
            for size in [100, LARGE] {
                assert_read(agent.socket(), at_once, size, "429 too-many-of-yours");
            }
        }
    });
    agent.assertion("de").ok();
}

#[test]
fn who_writes_too_much_reads_its_413_each_time() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    // Refusals are slowed down, so they are asked for many at a time.
    for (at_once, size) in [(AT_ONCE, LARGE), (AT_ONCE, HUGE)] {
        assert_read(agent.socket(), at_once, size, "413 body-too-large");
    }
    // What is sent after it is not heard any more, so the answer says that it is the last one.
    for path in [assertions("de"), "/v1/nowhere".to_owned()] {
        let head = format!("POST {path} HTTP/1.1\r\nHost: kunci\r\nContent-Length: {HUGE}\r\n\r\n");
        let reply = answered_early(&agent, head.as_bytes());
        assert_eq!(reply.header("connection"), Some("close"), "{path}");
    }
    // Whoever never ends is given up.
    let mut endless = agent.connection();
    let head =
        format!("POST {} HTTP/1.1\r\nHost: kunci\r\nContent-Length: 999999999\r\n\r\n", assertions("de"));
    endless.stream().write_all(head.as_bytes()).unwrap();
    until("it is given up", || endless.stream().write_all(&[b' '; LARGE]).err());
}

#[test]
fn who_is_no_http_client_reads_that_too() {
    let rig = Rig::bare().rules(&format!("[admins.rig]\nuser = ME\nmay = {ALL}\n")).provisioned();
    let agent = rig.start();
    for _ in 0..TRIES {
        assert_eq!(answered_early(&agent, b"good day\r\n\r\n").status, 400);
    }
}

/// The answer to what is judged by its first part. The rest is sent all the same, and listened to; where the machine has us
/// send it later than that is promised, nothing was shown, and it is sent anew.
fn answered_early(agent: &Agent, first: &[u8]) -> Reply {
    until("it is sent in time", || {
        let (began, mut connection) = (Instant::now(), agent.connection());
        connection.stream().write_all(first).unwrap();
        // The second part comes when the first one was judged.
        thread::yield_now();
        let sent = connection.stream().write_all(&[b'x'; LARGE]);
        if began.elapsed() > LINGER {
            return None;
        }
        sent.expect("it is still listened to");
        Some(connection.read().unwrap())
    })
}

/// Says that it is over, also where a test fails.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Takes all places and keeps them.
fn hold(agent: &Agent, over: &AtomicBool) {
    let mut held: Vec<Connection> = Vec::new();
    while !over.load(Ordering::Relaxed) {
        if held.len() < PLACES {
            held.push(agent.connection());
        }
        // A place that was not ours to take is given back.
        held.retain_mut(|connection| {
            connection.send("GET", "/v1/health", b"").is_ok_and(|reply| reply.status == 200)
        });
        thread::sleep(Duration::from_millis(50));
    }
}

/// Node's client and Python's read this each time. What took longer than the agent listens on shows nothing, and is the machine's.
#[track_caller]
fn assert_read(socket: &Path, at_once: usize, size: usize, answer: &str) {
    for (client, mut seen) in ask_often(socket, at_once, size) {
        let late = seen.remove("late").unwrap_or(0);
        assert!(late < TRIES, "{client}: no request was sent in time");
        let expected = BTreeMap::from([(answer.to_owned(), TRIES - late)]);
        assert_eq!(seen, expected, "{client}, {at_once} at once, {size} bytes");
    }
}

/// What Node's client and Python's saw, and how often.
fn ask_often(socket: &Path, at_once: usize, size: usize) -> Vec<(&'static str, BTreeMap<String, usize>)> {
    let clients = [("node", node(), "ask_often.mjs"), ("python", python(), "ask_often.py")];
    let ask = |(name, program, script)| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients").join(script);
        let mut command = Command::new(program);
        command.arg(script).arg(socket).args([TRIES, at_once, size].map(|number| number.to_string()));
        command.arg(assertions("de")).arg(LINGER.as_secs().to_string());
        let output = command.env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap();
        let seen = serde_json::from_slice(&output.stdout);
        (name, seen.unwrap_or_else(|_| panic!("{command:?}: {output:?}")))
    };
    clients.into_iter().map(ask).collect()
}
