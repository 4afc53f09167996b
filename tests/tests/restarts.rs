//! An agent that is restarted again and again under load, started by systemd-socket-activate on sockets that stay, as
//! systemd's do: nobody who connects is turned away, and whoever has asked is answered.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tests::agent::{assertions, body, request};
use tests::http::{Connection, Reply};
use tests::load::Received;
use tests::rig::{CLIENT, TENANT, binary};
use tests::wait::{PATIENCE, until_true};
use tests::{Agent, Rig};

/// How often it is restarted.
const RESTARTS: usize = 100;
/// How many answers there are before the next restart: now one that is in full swing, now one that has hardly begun.
const ANSWERS: [usize; 2] = [40, 1];
/// Callers of each way.
const EACH: usize = 3;
/// How long whoever is connected at a stop has to ask.
const QUIET: Duration = Duration::from_secs(1);

/// The activator itself has to know its process id, and gets the sockets as its descriptors 0 and 1.
const ACTIVATE: &str = "exec 3<&0 4<&1 </dev/null >>\"$0\" 2>&1; LISTEN_FDS=2 LISTEN_PID=$$; export LISTEN_FDS LISTEN_PID; \
                        exec systemd-socket-activate --fdname=agent:admin \"$@\"";

#[test]
fn a_hundred_restarts_under_load_refuse_nobody_and_lose_no_request() {
    let rig = Rig::bare().provisioned();
    let site = Site::new(rig);
    let callers = Callers::start(&site.socket());
    for restart in 0..RESTARTS {
        let agent = site.activate();
        until_true("somebody called", || agent.front().is_some());
        callers.until_answered(ANSWERS[restart % ANSWERS.len()]);
        assert!(agent.stop().success());
    }
    let agent = site.activate();
    callers.until_answered(ANSWERS[0]);
    let took = callers.stop();
    println!(
        "{} answers through {RESTARTS} restarts; {} requests found their connection closed before they were sent",
        took.received.len(),
        took.unsent
    );
    assert!(took.failed.is_empty(), "{:#?}", took.failed);
    assert!(agent.stop().success());
    let fates = site.rig.assert_accounted(&took.received);
    assert_eq!(fates.lost("soft"), 0, "{fates:?}");
}

/// What is on its way at the moment of the stop: asked and not answered, half asked, connected, idle.
#[test]
fn a_stop_answers_who_has_asked_and_lets_those_go_who_are_idle() {
    let site = Site::new(Rig::bare().provisioned());
    let agent = site.activate();
    let whole = request("POST", &assertions("de"), &body(TENANT, CLIENT));
    let mut idle = Connection::open(&site.socket()).unwrap();
    ask(&mut idle, &whole).unwrap().ok();
    let [mut asks, mut half, mut connected] = [(); 3].map(|()| Connection::open(&site.socket()).unwrap());
    half.stream().write_all(&whole[..whole.len() - 20]).unwrap();
    // Who comes later is let in later.
    agent.assertion("de").ok();
    asks.stream().write_all(&whole).unwrap();
    let stops = Instant::now();
    agent.signal(Signal::TERM);
    until_true("it stops", || agent.output().contains("nobody new is let in"));
    half.stream().write_all(&whole[whole.len() - 20..]).unwrap();
    let sent = connected.stream().write_all(&whole);
    // Where the machine let us write too late, that is told by a write that is not taken.
    assert!(sent.is_ok() || stops.elapsed() > QUIET, "{sent:?} after {:?}", stops.elapsed());
    let mut next = Connection::open(&site.socket()).unwrap();
    next.stream().write_all(&whole).unwrap();
    let taken = sent.is_ok().then_some(&mut connected);
    for connection in [&mut asks, &mut half].into_iter().chain(taken) {
        let reply = connection.read().unwrap().ok();
        assert_eq!(reply.header("connection"), Some("close"));
    }
    // An idle one is told by an answer, or by a write that is not taken; never by silence after one that was.
    if idle.stream().write_all(&whole).is_ok() {
        assert_eq!(idle.read().unwrap().ok().header("connection"), Some("close"));
    }
    assert!(agent.wait().success());
    // Who came meanwhile is the next agent's.
    let agent = site.activate();
    assert!(next.read().unwrap().ok().header("connection").is_none());
    assert!(agent.stop().success());
}

#[test]
fn a_caller_that_never_ends_what_it_says_does_not_keep_a_stop_from_its_end() {
    let site = Site::new(Rig::bare().provisioned());
    let agent = site.activate();
    let whole = request("POST", &assertions("de"), &body(TENANT, CLIENT));
    let mut half = Connection::open(&site.socket()).unwrap();
    half.stream().write_all(&whole[..whole.len() - 20]).unwrap();
    agent.assertion("de").ok();
    let started = Instant::now();
    assert!(agent.stop().success());
    // It was given its time, and not as long as the agent's own work.
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    half.read().unwrap().refused(408, "body-timeout");
}

#[test]
fn a_caller_that_says_nothing_whole_bit_by_bit_does_not_keep_a_stop_from_its_end() {
    let site = Site::new(Rig::bare().provisioned());
    let agent = site.activate();
    let mut drips = Connection::open(&site.socket()).unwrap();
    agent.assertion("de").ok();
    let started = Instant::now();
    let head = thread::spawn(move || {
        while drips.stream().write_all(b"x").is_ok() {
            thread::sleep(QUIET / 10);
        }
    });
    assert!(agent.stop().success());
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    head.join().unwrap();
}

/// An installation, and its sockets, which outlive every agent.
struct Site {
    rig: Rig,
    sockets: [UnixListener; 2],
}

impl Site {
    fn new(rig: Rig) -> Self {
        let sockets = ["held-agent", "held-admin"].map(|name| UnixListener::bind(rig.at(name)).unwrap());
        Self { rig, sockets }
    }

    fn socket(&self) -> PathBuf {
        self.rig.at("held-agent")
    }

    /// Has systemd-socket-activate start an agent as soon as somebody calls.
    fn activate(&self) -> Agent {
        let log = self.rig.at("agent.log");
        File::options().create(true).append(true).open(&log).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", ACTIVATE]).arg(&log).arg(binary("kunci-agent"));
        command.arg("--config").arg(self.rig.at("kunci.toml"));
        let [first, second] =
            self.sockets.each_ref().map(|socket| socket.as_fd().try_clone_to_owned().unwrap());
        let child = command.stdin(first).stdout(second).spawn().unwrap();
        Agent::of(child, log, self.socket(), self.rig.at("held-admin"))
    }
}

/// How a caller goes about it.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// A connection for each request.
    Anew,
    /// One after the other on a connection that is kept.
    Kept,
    /// The same, now and then.
    NowAndThen,
    /// The same, so seldom that a stop takes the connection for idle.
    Seldom,
    /// A connection for each request, whose body is sent after its head.
    InParts,
}

impl Way {
    /// How long such a caller rests.
    fn pause(self) -> Duration {
        match self {
            Self::Anew | Self::Kept | Self::InParts => Duration::ZERO,
            Self::NowAndThen => Duration::from_millis(100),
            Self::Seldom => QUIET + Duration::from_millis(100),
        }
    }
}

/// Callers who never end.
struct Callers {
    over: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    threads: Vec<thread::JoinHandle<Took>>,
}

/// What callers got.
#[derive(Debug, Default)]
struct Took {
    received: Vec<Received>,
    /// Whatever is no assertion: refused, reset, cut off.
    failed: BTreeMap<String, usize>,
    /// Requests that were sent anew, since not a byte of them could be sent on the connection of the last one.
    unsent: usize,
}

impl Callers {
    fn start(socket: &Path) -> Self {
        let (over, answered) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
        let ways = [Way::Anew, Way::Kept, Way::NowAndThen, Way::Seldom, Way::InParts];
        let caller = |way: Way| {
            let (over, answered, socket) = (over.clone(), answered.clone(), socket.to_owned());
            thread::spawn(move || {
                let mut took = Took::default();
                let mut kept = None;
                while !over.load(Ordering::Relaxed) {
                    took.note(way, call(way, &mut kept, &socket), &answered);
                }
                took
            })
        };
        let threads = ways.into_iter().flat_map(|way| [way; EACH]).map(caller).collect();
        Self { over, answered, threads }
    }

    fn until_answered(&self, more: usize) {
        let goal = self.answered.load(Ordering::Relaxed) + more;
        until_true("callers are answered", || self.answered.load(Ordering::Relaxed) >= goal);
    }

    fn stop(self) -> Took {
        self.over.store(true, Ordering::Relaxed);
        let all = Mutex::new(Took::default());
        for thread in self.threads {
            let took = thread.join().unwrap();
            let mut all = all.lock().unwrap();
            all.received.extend(took.received);
            all.unsent += took.unsent;
            took.failed.into_iter().for_each(|(what, count)| *all.failed.entry(what).or_default() += count);
        }
        all.into_inner().unwrap()
    }
}

/// Why there is no answer.
enum Failure {
    /// Nothing was sent on a connection that was kept.
    Unsent,
    Broken(String),
}

impl Took {
    fn note(&mut self, way: Way, outcome: Result<Reply, Failure>, answered: &AtomicUsize) {
        let failed = match outcome {
            Ok(reply) if reply.status == 200 => {
                answered.fetch_add(1, Ordering::Relaxed);
                return self.received.push(Received::of(&reply));
            }
            Ok(reply) => format!("{way:?}: {} {}", reply.status, reply.code()),
            Err(Failure::Unsent) => return self.unsent += 1,
            Err(Failure::Broken(why)) => format!("{way:?}: {why}"),
        };
        *self.failed.entry(failed).or_default() += 1;
    }
}

/// One request; a kept connection is there again only if it may be used again.
fn call(way: Way, kept: &mut Option<Connection>, socket: &Path) -> Result<Reply, Failure> {
    let broken =
        |what: &'static str| move |error: std::io::Error| Failure::Broken(format!("{what}: {error}"));
    let was_kept = kept.is_some();
    let mut connection = match kept.take() {
        Some(connection) => connection,
        None => Connection::open(socket).map_err(broken("connect"))?,
    };
    let whole = request("POST", &assertions("de"), &body(TENANT, CLIENT));
    let head = if matches!(way, Way::InParts) { whole.len() - 20 } else { whole.len() };
    match connection.stream().write_all(&whole[..head]) {
        Err(_) if was_kept => return Err(Failure::Unsent),
        sent => sent.map_err(broken("send"))?,
    }
    thread::yield_now();
    connection.stream().write_all(&whole[head..]).map_err(broken("send the rest"))?;
    let reply = connection.read().map_err(broken("read"))?;
    let stays = reply.header("connection").is_none_or(|value| value != "close");
    if stays && !matches!(way, Way::Anew | Way::InParts) {
        *kept = Some(connection);
    }
    thread::sleep(way.pause());
    Ok(reply)
}

fn ask(connection: &mut Connection, whole: &[u8]) -> std::io::Result<Reply> {
    connection.stream().write_all(whole)?;
    connection.read()
}
