//! SIGKILL at random points under load, two hundred times: every assertion that a client received is on record, and the
//! log verifies after every round.
//!
//! `KUNCI_SEED` repeats a run's choices, `KUNCI_KILLS` changes their number.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant, UNIX_EPOCH};

use rustix::process::Signal;
use tests::agent::kill;
use tests::wait::{until, until_true};
use tests::{Agent, Load, Rig};

/// How many processes are killed, and how many of them between two looks at the log.
const KILLS: usize = 200;
const ROUND: usize = 50;
/// Client threads.
const CLIENTS: usize = 8;
/// How many children are killed in one supervisor's life: it starts each again later and later.
const CHILDREN: u64 = 4;
/// The most answers that are awaited between two kills.
const ANSWERS: u64 = 40;

#[test]
fn no_received_assertion_is_missing_from_the_log_after_two_hundred_kills() {
    let kills = std::env::var("KUNCI_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let mut crash = Crash::new(Rig::bare().provisioned());
    let mut received = Vec::new();
    for round in 0..kills.div_ceil(ROUND) {
        let load = Load::start(crash.agent().socket(), CLIENTS);
        (0..ROUND).for_each(|_| crash.kill(&load));
        load.until_answered(1);
        let took = load.stop();
        received.extend(took.received);
        // Beside the live agent, as an auditor would look.
        crash.rig.assert_recorded(&received);
        println!(
            "round {round}: {} received, {} broken, refused {:?}",
            received.len(),
            took.broken,
            took.refused
        );
    }
    assert!(crash.agent.take().unwrap().stop().success());
    crash.rig.assert_recorded(&received);
    let unique: BTreeMap<u64, &str> = received.iter().map(|got| (got.log_index, got.jti.as_str())).collect();
    assert_eq!(unique.len(), received.len(), "one entry was used for two answers");
    crash.report();
}

/// An agent whose processes die.
struct Crash {
    rig: Rig,
    agent: Option<Agent>,
    random: Random,
    children_left: u64,
    killed: BTreeMap<&'static str, usize>,
    starts: Vec<Duration>,
}

impl Crash {
    fn new(rig: Rig) -> Self {
        let agent = Some(rig.start());
        let random = Random::new();
        Self { rig, agent, random, children_left: CHILDREN, killed: BTreeMap::new(), starts: Vec::new() }
    }

    fn agent(&self) -> &Agent {
        self.agent.as_ref().unwrap()
    }

    /// Kills one process, most often after some answers, else at once: while it starts, too.
    fn kill(&mut self, load: &Load) {
        if self.random.below(4) > 0 {
            let answers = self.random.below(ANSWERS);
            load.until_answered(usize::try_from(answers).unwrap());
        }
        let role = match self.random.below(5) {
            _ if self.children_left == 0 => "supervisor",
            0 => "supervisor",
            1 | 2 => "front",
            _ => "host",
        };
        *self.killed.entry(role).or_default() += 1;
        match role {
            "supervisor" => self.kill_supervisor(),
            _ => self.kill_child(role),
        }
    }

    fn kill_child(&mut self, role: &str) {
        self.children_left -= 1;
        let find = || match role {
            "front" => self.agent().front(),
            _ => self.agent().hosts().first().copied(),
        };
        let victim = until("there is one to kill", find);
        kill(victim, Signal::KILL);
        until_true("it is dead", || !Path::new(&format!("/proc/{victim}/exe")).exists());
    }

    fn kill_supervisor(&mut self) {
        drop(self.agent.take());
        self.children_left = CHILDREN;
        let started = Instant::now();
        let agent = self.rig.spawn();
        until_true("it signs", || agent.assertion("de").status == 200);
        self.starts.push(started.elapsed());
        self.agent = Some(agent);
    }

    fn report(mut self) {
        self.starts.sort();
        let at = |part: usize| self.starts.get(self.starts.len() * part / 100).copied().unwrap_or_default();
        println!("killed {:?}", self.killed);
        println!(
            "from start to the first signature: median {:?}, p90 {:?}, longest {:?} (the bound of 1 s is a bench's)",
            at(50),
            at(90),
            self.starts.last()
        );
    }
}

/// xorshift64: choices that can be repeated.
struct Random(u64);

impl Random {
    fn new() -> Self {
        let now = || UNIX_EPOCH.elapsed().unwrap().as_secs().wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let seed = std::env::var("KUNCI_SEED").map_or_else(|_| now(), |seed| seed.parse().unwrap());
        println!("KUNCI_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
