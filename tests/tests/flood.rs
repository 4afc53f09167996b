//! A user without any right floods the agent: the log hardly grows, and those with rights keep their throughput.
//!
//! `KUNCI_FLOOD_SECONDS` says how long (10 unless given); the bound of the throughput is asserted under `KUNCI_BENCH=1`
//! only, on release binaries (`KUNCI_BIN_DIR`). The flooders are threads with a user of their own: run it as root.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use ledger::Kind;
use rustix::process::Uid;
use rustix::thread::set_thread_res_uid;
use tests::agent::{assertions, body};
use tests::caller::{NOBODY, STRANGER};
use tests::http::Connection;
use tests::rig::{CLIENT, TENANT};
use tests::{Agent, Load, Rig};

/// How much the log may grow, in bytes, whatever an unauthorised user does.
const MAX_GROWTH: u64 = 64 * 1024;
/// What part of their throughput those with rights keep.
const MIN_KEPT: f64 = 0.9;
/// How often calm and flood take turns.
const ROUNDS: u32 = 5;
/// Clients with rights, and the ways of the flood: connections that stay, that come and go, and that only stand there.
const CLIENTS: usize = 4;
const STEADY: usize = 64;
const STORMING: usize = 8;
const STANDING: usize = 2;
/// How many connections each of the latter tries to hold.
const HELD: usize = 200;

#[test]
fn a_flood_of_refused_requests_neither_fills_the_log_nor_starves_the_others() {
    let seconds = std::env::var("KUNCI_FLOOD_SECONDS").map_or(10, |text| text.parse().unwrap());
    let slice = Duration::from_secs(seconds) / ROUNDS;
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let first = rig.log().size().unwrap();
    let rounds: Vec<Round> = (0..ROUNDS).map(|_| Round::measure(&agent, slice)).collect();
    agent.assertion("de").ok();
    assert!(agent.stop().success());

    let growth = growth(&rig, first);
    let tried: u64 = rounds.iter().map(|round| round.tried).sum();
    println!(
        "{seconds} s, {tried} refusals and connections: the log grew by {growth} bytes that are no signatures"
    );
    assert!(growth < MAX_GROWTH, "{growth}");
    assert!(tried > 100 * seconds, "that was no flood: {tried}");
    rig.assert_whole();
    let kept = [median(&rounds, |round| round.steady), median(&rounds, |round| round.anew)];
    println!("kept at the median: {:.2} on connections that stay, {:.2} on new ones", kept[0], kept[1]);
    if std::env::var_os("KUNCI_BENCH").is_some_and(|bench| bench == "1") {
        assert!(kept[0] >= MIN_KEPT, "those with rights kept only {:.2} of their throughput", kept[0]);
    }
}

/// What those with rights keep of their throughput: the machine's own drift is the same for both halves of a round.
struct Round {
    steady: f64,
    anew: f64,
    tried: u64,
}

impl Round {
    fn measure(agent: &Agent, slice: Duration) -> Self {
        let calm = (steady_rate(agent, slice / 2), new_rate(agent, slice / 2));
        let flood = Flood::start(agent.socket());
        let flooded = (steady_rate(agent, slice / 2), new_rate(agent, slice / 2));
        let tried = flood.stop();
        println!(
            "a second, calm and flooded: {:.0} and {:.0}; anew {:.0} and {:.0}",
            calm.0, flooded.0, calm.1, flooded.1
        );
        Self { steady: flooded.0 / calm.0, anew: flooded.1 / calm.1, tried }
    }
}

fn median(rounds: &[Round], of: impl Fn(&Round) -> f64) -> f64 {
    let mut ratios: Vec<f64> = rounds.iter().map(of).collect();
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

/// Assertions a second, on connections that stay.
fn steady_rate(agent: &Agent, span: Duration) -> f64 {
    let load = Load::start(agent.socket(), CLIENTS);
    load.until_answered(CLIENTS);
    let (before, started) = (load.answered(), Instant::now());
    thread::sleep(span);
    let rate = (load.answered() - before) as f64 / started.elapsed().as_secs_f64();
    let took = load.stop();
    assert!(took.refused.is_empty() && took.broken == 0, "{:?}, {} broken", took.refused, took.broken);
    rate
}

/// Assertions a second of one client that connects anew for each.
fn new_rate(agent: &Agent, span: Duration) -> f64 {
    let (started, mut answered) = (Instant::now(), 0.0);
    while started.elapsed() < span {
        agent.assertion("de").ok();
        answered += 1.0;
    }
    answered / started.elapsed().as_secs_f64()
}

/// The bytes of all entries from `first` on that are no signatures.
fn growth(rig: &Rig, first: u64) -> u64 {
    let log = rig.log();
    let entries = log.raw(first).map(|raw| raw.unwrap().1);
    let others = entries.filter(|bytes| {
        let entry: ledger::Entry = serde_json::from_slice(bytes).unwrap();
        !matches!(entry.kind, Kind::Intent | Kind::Void)
    });
    others.map(|bytes| bytes.len() as u64 + 2).sum()
}

/// A user without rights who does all that a user can do to a socket.
struct Flood {
    over: Arc<AtomicBool>,
    tried: Arc<AtomicU64>,
    threads: Vec<JoinHandle<()>>,
}

impl Flood {
    fn start(socket: &Path) -> Self {
        assert!(rustix::process::geteuid().is_root(), "this test speaks as another user: run it as root");
        let mut flood = Self { over: Arc::default(), tried: Arc::default(), threads: Vec::new() };
        (0..STEADY).for_each(|number| flood.add(NOBODY, socket, number, steady));
        // Another user's, so that they are not the ones turned away for too many connections.
        (0..STORMING).for_each(|number| flood.add(STRANGER, socket, number, storm));
        (0..STANDING).for_each(|number| flood.add(NOBODY, socket, number, stand));
        flood
    }

    fn add(&mut self, uid: u32, socket: &Path, number: usize, way: fn(&Path, usize, &Tally)) {
        let (socket, tally) = (PathBuf::from(socket), Tally(self.over.clone(), self.tried.clone()));
        self.threads.push(thread::spawn(move || {
            let uid = Uid::from_raw(uid);
            set_thread_res_uid(uid, uid, uid).unwrap();
            while !tally.over() {
                way(&socket, number, &tally);
            }
        }));
    }

    fn stop(self) -> u64 {
        self.over.store(true, Ordering::Relaxed);
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
        self.tried.load(Ordering::Relaxed)
    }
}

/// Whether the flood is over, and how much it did.
struct Tally(Arc<AtomicBool>, Arc<AtomicU64>);

impl Tally {
    fn over(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn count(&self) {
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

/// One connection, and request after request on it, each refused for another reason.
fn steady(socket: &Path, number: usize, tally: &Tally) {
    let Ok(mut connection) = Connection::open(socket) else { return thread::yield_now() };
    for turn in 0.. {
        let (path, body) = refusable(number + turn);
        match connection.send("POST", &path, body.as_bytes()) {
            Ok(reply) => assert!((400..500).contains(&reply.status), "{reply:?}"),
            Err(_) => return,
        }
        tally.count();
        if tally.over() {
            return;
        }
    }
}

/// A connection, one request, and away without its answer.
fn storm(socket: &Path, number: usize, tally: &Tally) {
    let Ok(mut connection) = Connection::open(socket) else { return thread::yield_now() };
    let (path, body) = refusable(number);
    let head = format!("POST {path} HTTP/1.1\r\nHost: kunci\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let _ = std::io::Write::write_all(connection.stream(), head.as_bytes());
    tally.count();
}

/// Many connections that say nothing.
fn stand(socket: &Path, _number: usize, tally: &Tally) {
    let held: Vec<_> = (0..HELD).map_while(|_| UnixStream::connect(socket).ok()).collect();
    tally.count();
    // Gone when the agent lets go of the last one.
    let gone = held.into_iter().next_back();
    let _ = gone.map(|mut last| {
        last.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        std::io::Read::read(&mut last, &mut [0])
    });
}

/// Requests that a user without rights may try, and names of its own in them.
fn refusable(turn: usize) -> (String, String) {
    let pair = body(TENANT, CLIENT);
    match turn % 5 {
        0 => (assertions("de"), pair),
        1 => (assertions(&format!("connector-{turn}")), pair),
        2 => (assertions("de"), body(&format!("tenant-{turn}.example"), CLIENT)),
        3 => (assertions("de"), format!("{{\"tenant\": {turn}")),
        _ => (format!("/v1/{}", "x".repeat(turn % 1000)), "x".repeat(turn % 4000)),
    }
}
