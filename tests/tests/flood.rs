//! A user without any right floods the agent: the log hardly grows, and those with rights keep their throughput.
//!
//! `KUNCI_FLOOD_SECONDS` says how long (10 unless given); the bound of the throughput is asserted under `KUNCI_BENCH=1`
//! only, on release binaries (`KUNCI_BIN_DIR`). The flooders are other users' processes: run it as root.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use ledger::Kind;
use tests::caller::{NOBODY, STRANGER, caller};
use tests::wait::until_true;
use tests::{Agent, Load, Rig};

/// How much the log may grow, in bytes, whatever an unauthorised user does.
const MAX_GROWTH: u64 = 64 * 1024;
/// What part of their throughput those with rights keep.
const MIN_KEPT: f64 = 0.9;
/// How often calm and flood take turns.
const ROUNDS: u32 = 5;
/// Who does what in a flood. What holds back the one must not be what holds back the other.
type Ways = &'static [(u32, &'static str)];
const WAYS: [Ways; 2] = [&[(STRANGER, "knock")], &[(NOBODY, "ask"), (STRANGER, "knock")]];
/// Clients with rights.
const CLIENTS: usize = 4;

#[test]
fn a_flood_of_refused_requests_neither_fills_the_log_nor_starves_the_others() {
    let seconds = std::env::var("KUNCI_FLOOD_SECONDS").map_or(10, |text| text.parse().unwrap());
    let slice = Duration::from_secs(seconds) / ROUNDS;
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let first = rig.log().size().unwrap();
    let rounds: Vec<Round> = (0..ROUNDS)
        .map(|round| Round::measure(&rig, &agent, slice, WAYS[round as usize % WAYS.len()]))
        .collect();
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

/// Somebody with sub-uids is thousands of users. Those whom no rule names share a counter for each reason; a group's rule names
/// all who have the group, and there the entries have a cap.
#[test]
fn a_flood_of_users_grows_the_log_no_more_than_one_does() {
    const GROUP: u32 = 64_322;
    /// Entries of refusals in any minute, of all counters.
    const CAP: usize = 60;
    let rig = Rig::bare().connector("uk", "rsa-2048", "PS256").rules(&format!(
        "[callers.group]\ngroup = \"{GROUP}\"\nconnectors = [\"uk\"]\n[callers.rig]\nuser = ME\nconnectors = [\"de\"]\n\
         [admins.rig]\nuser = ME\nmay = [\"provision\", \"init\"]\n"
    ));
    let rig = rig.provisioned();
    let agent = rig.start();
    let refusals = || {
        let entries = rig.entries().into_iter().filter(|entry| entry.kind == Kind::Refusal);
        entries.map(|entry| (entry.callers, entry.count.unwrap())).collect::<Vec<_>>()
    };
    let begun = Instant::now();
    let minutes = || begun.elapsed().as_secs() as usize / 60 + 1;
    let tried = Flood::spread(&rig, agent.socket(), STRANGER);
    // One reason, that the connector is not granted; what came after the first look waits until a minute is over.
    until_true("the first are on record", || !refusals().is_empty());
    let unnamed = refusals();
    assert!(unnamed.len() <= minutes(), "{unnamed:?}");

    let named = Flood::spread(&rig, agent.socket(), GROUP);
    until_true("the group's are on record", || refusals().iter().any(|(who, _)| who.is_none()));
    let all = refusals().len();
    assert!(all <= CAP * minutes(), "{all} entries");
    println!(
        "{tried} refusals of {} users: {} entries; then {named} of a group: {all}",
        tried / 2,
        unnamed.len()
    );
    agent.assertion("de").ok();
    assert!(agent.stop().success());
    let counted = |callers: &[Option<&str>]| {
        let meant = refusals().into_iter().filter(|(who, _)| callers.contains(&who.as_deref()));
        meant.map(|(_, count)| count).sum::<u64>()
    };
    assert_eq!(counted(&[Some("unnamed")]), tried);
    assert_eq!(counted(&[None, Some("several")]), named);
    rig.assert_whole();
}

/// What those with rights keep of their throughput: the machine's own drift is the same for both halves of a round.
struct Round {
    steady: f64,
    anew: f64,
    tried: u64,
}

impl Round {
    fn measure(rig: &Rig, agent: &Agent, slice: Duration, ways: Ways) -> Self {
        let calm = (steady_rate(agent, slice / 2), new_rate(agent, slice / 2));
        let flood = Flood::start(rig, agent.socket(), ways);
        let flooded = (steady_rate(agent, slice / 2), new_rate(agent, slice / 2));
        let tried = flood.stop();
        println!(
            "{ways:?}: a second, calm and flooded: {:.0} and {:.0}; anew {:.0} and {:.0}",
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

/// Users without rights who do all that a user can do to a socket.
struct Flood(Vec<Child>);

impl Flood {
    fn start(rig: &Rig, socket: &Path, ways: Ways) -> Self {
        let program = program(rig);
        let flooder = |(id, way): (u32, &str)| {
            let mut command = Command::new(&program);
            command.arg(socket).arg(way).uid(id).gid(id).stdin(Stdio::piped()).stdout(Stdio::piped());
            command.spawn().unwrap()
        };
        Self(ways.iter().copied().map(flooder).collect())
    }

    /// One process of this group that is one user after the other; how often it asked in all.
    fn spread(rig: &Rig, socket: &Path, group: u32) -> u64 {
        let mut command = Command::new(program(rig));
        let command = command.arg(socket).arg("spread").gid(group).stdout(Stdio::piped());
        tried(command.spawn().unwrap())
    }

    /// Ends it; how often it tried.
    fn stop(self) -> u64 {
        self.0.into_iter().map(tried).sum()
    }
}

fn program(rig: &Rig) -> PathBuf {
    // rig.caller() opens the folder to other users, and checks that we may become them.
    let program = rig.caller().with_file_name("kunci-flood");
    if !program.exists() {
        tests::program::copy(&caller().with_file_name("kunci-flood"), &program);
    }
    program
}

fn tried(mut child: Child) -> u64 {
    drop(child.stdin.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}
