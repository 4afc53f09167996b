//! Freeze: what is in flight is voided or has left before the answer, nothing leaves after it, and it outlives a restart.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use ledger::{Entry, Kind};
use rustix::process::Signal;
use tests::agent::{assertions, body, kill, request};
use tests::rig::{CLIENT, OBJECT, TENANT};
use tests::wait::{until, until_true};
use tests::wire::Wire;
use tests::{Agent, Reply, Rig};

const FREEZE: &str = "/v1/connectors/de/freeze";
const THAW: &str = "/v1/connectors/de/thaw";
const WHY: &str = r#"{"reason":"drill"}"#;

#[test]
fn a_frozen_connector_signs_nothing_until_it_is_thawed_whatever_restarts() {
    let rig = Rig::bare().connector("uk", "rsa-2048", "RS256").rules(RULES).provisioned();
    let agent = rig.start();
    let frozen = agent.admin("POST", FREEZE, WHY).ok().json();
    assert_eq!((&frozen["frozen"], &frozen["durable"]), (&true.into(), &true.into()));
    let entry = &rig.entries()[usize::try_from(frozen["log_index"].as_u64().unwrap()).unwrap()];
    assert_eq!((entry.state.as_deref(), entry.reason.as_deref()), (Some("frozen"), Some("drill")));
    assert_frozen(&agent);
    agent.assertion("uk").ok();

    kill(agent.front().unwrap(), Signal::KILL);
    until_true("the front is back", || agent.connection().send("GET", "/v1/health", b"").is_ok());
    agent.wait_ready();
    assert_frozen(&agent);
    assert!(agent.stop().success());
    let agent = rig.start();
    let before = rig.entries().len();
    assert_frozen(&agent);
    assert_eq!(agent.connectors()[0]["frozen"], "drill");

    agent.admin("POST", THAW, WHY).ok();
    agent.assertion("de").ok();
    assert!(agent.stop().success());
    let entries = rig.entries().split_off(before);
    let refused = entries.iter().filter(|entry| entry.reason.as_deref() == Some("connector-frozen"));
    assert_eq!(refused.filter_map(|entry| entry.count).sum::<u64>(), 3, "each of the three is counted");
    rig.start().assertion("de").ok();
}

#[test]
fn a_freeze_needs_a_verb_a_reason_and_a_connector() {
    let rig = Rig::bare().rules(RULES_WITHOUT_FREEZE).provisioned();
    let agent = rig.start();
    agent.admin("POST", FREEZE, WHY).refused(403, "verb-not-granted");
    agent.admin("POST", "/v1/connectors/xx/thaw", WHY).refused(403, "connector-not-granted");
    agent.admin("POST", THAW, r#"{"reason":""}"#).refused(400, "invalid-reason");
    agent
        .admin("POST", THAW, &format!(r#"{{"reason":"{}"}}"#, "r".repeat(129)))
        .refused(400, "invalid-reason");
    agent.assertion("de").ok();
}

/// The token is held up, so that the request is on its way when the gate shuts.
#[test]
fn a_request_that_a_freeze_overtakes_is_voided_and_the_freeze_waits_for_it() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let before = rig.entries().len();
    let host = agent.hosts()[0];
    kill(host, Signal::STOP);
    let (mut caller, mut admin) = (Wire::open(agent.socket()), Wire::open(agent.admin_socket()));
    caller.say(&request("POST", &assertions("de"), &body(TENANT, CLIENT)));
    let intent = until("the intent is durable", || rig.entries().get(before).cloned());
    assert_eq!(intent.kind, Kind::Intent);
    admin.say(&request("POST", FREEZE, WHY));
    until_true("the freeze is durable", || {
        rig.entries().iter().any(|entry| entry.state.as_deref() == Some("frozen"))
    });
    // Time for an answer that would not wait: these come from the same thread.
    (0..20).for_each(|_| drop(agent.call("GET", "/v1/health", "").ok()));
    assert!(admin.answers().is_empty(), "the freeze answered while a request was under way");

    kill(host, Signal::CONT);
    let answer = until("the caller is answered", || caller.answers().pop());
    answer.refused(403, "connector-frozen");
    until("the freeze is answered", || admin.answers().pop()).ok();
    let voided = |entry: &Entry| entry.voids == Some(u64::try_from(before).unwrap());
    until_true("the intent is voided", || rig.entries().iter().any(voided));
}

/// Answers that the kernel does not take are not out yet: the freeze waits for them, and for no longer than the write's
/// time-out.
#[test]
fn an_answer_that_its_caller_does_not_take_never_leaves_after_a_freeze() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let asking = request("POST", &assertions("de"), &body(TENANT, CLIENT));
    assert_nothing_leaves_late(&rig, &agent, Wire::open(agent.socket()), &asking);
    assert_frozen(&agent);
}

#[test]
fn a_certificate_request_that_its_caller_does_not_take_never_leaves_after_a_freeze() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let asking = request("POST", "/v1/connectors/de/provision", r#"{"csr":true}"#);
    assert_nothing_leaves_late(&rig, &agent, Wire::open(agent.admin_socket()), &asking);
    assert_frozen(&agent);
}

/// Asks until nobody takes the answers any more, freezes, and only then takes them.
fn assert_nothing_leaves_late(rig: &Rig, agent: &Agent, mut deaf: Wire, asking: &[u8]) {
    const ASKED: usize = 600;
    let all = asking.repeat(ASKED);
    let mut said = 0;
    until_true("nothing more is taken", || {
        said += deaf.say(&all[said..]);
        is_stuck(rig)
    });
    agent.admin("POST", FREEZE, WHY).ok();
    let mut taken = || {
        let came = deaf.answers().iter().filter(|answer| answer.status == 200).count();
        (came, deaf.is_over())
    };
    // What the kernel holds has left before. What comes later is refusals, if anything.
    assert!((1..ASKED).contains(&taken().0));
    until_true("the connection is closed", || {
        let (came, over) = taken();
        assert_eq!(came, 0, "an answer left after the freeze's");
        over
    });
}

#[test]
fn a_thaw_that_a_freeze_overtakes_does_not_undo_it() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    for _ in 0..30 {
        agent.admin("POST", FREEZE, WHY).ok();
        let [mut thaw, mut freeze] = [Wire::open(agent.admin_socket()), Wire::open(agent.admin_socket())];
        thaw.say(&request("POST", THAW, WHY));
        freeze.say(&request("POST", FREEZE, WHY));
        let [thawed, frozen] = [&mut thaw, &mut freeze].map(|wire| {
            until("it is answered", || wire.answers().pop()).ok().json()["log_index"].as_u64().unwrap()
        });
        let signs = agent.assertion("de").status == 200;
        assert_eq!(signs, thawed > frozen, "thawed at {thawed}, frozen at {frozen}");
    }
}

#[test]
fn a_hundred_freezes_under_sixteen_connections_let_nothing_leave_after_their_answer() {
    const ROUNDS: usize = 100;
    // Connections that are hung up keep their places until their slowed refusals are due.
    let places = "max_connections = 4096\nmax_connections_per_uid = 4096";
    let rig = Rig::bare().agent_line(places).provisioned();
    let agent = rig.start();
    let mut volley = Volley::new(&agent);
    let mut admin = Wire::open(agent.admin_socket());
    let mut shut = Vec::new();
    for round in 0..ROUNDS {
        // Each freeze comes at another moment of the volley.
        volley.until_received(1 + round % 23);
        admin.say(&request("POST", FREEZE, WHY));
        let frozen = loop {
            Wire::wait(volley.wires().chain([&admin]));
            match admin.answers().pop() {
                Some(answer) => break index(&answer.ok()),
                None => volley.take(),
            }
        };
        // What left before that answer is in our sockets by now.
        volley.take();
        assert!(!volley.wires().any(Wire::is_amid), "half an answer left after the freeze's");
        volley.start_over();
        admin.say(&request("POST", THAW, WHY));
        Wire::wait([&admin]);
        shut.push(frozen..index(&admin.answers().pop().unwrap().ok()));
    }
    volley.until_received(1);
    let received = volley.received.clone();
    drop(volley);
    assert!(agent.stop().success());
    let signed = signed(&rig);
    assert!(shut.iter().all(|frozen| signed.range(frozen.clone()).next().is_none()), "signed while frozen");
    let late: Vec<_> = signed.difference(&received).filter(|index| **index < shut[ROUNDS - 1].end).collect();
    assert!(late.is_empty(), "released, and not received before the freeze's answer: {late:?}");
    assert!(received.is_subset(&signed), "received and voided");
}

const RULES: &str = "[callers.rig]\nuser = ME\nconnectors = [\"de\", \"uk\"]\n[admins.rig]\nuser = ME\n\
                     may = [\"provision\", \"init\", \"freeze\", \"thaw\", \"proof\"]\n";
const RULES_WITHOUT_FREEZE: &str = "[callers.rig]\nuser = ME\nconnectors = [\"de\"]\n[admins.rig]\nuser = ME\nmay = [\"provision\", \"init\", \"thaw\"]\n";

/// Neither assertions nor proofs nor certificate requests.
#[track_caller]
fn assert_frozen(agent: &Agent) {
    agent.assertion("de").refused(403, "connector-frozen");
    let proof = format!(r#"{{"object_id":"{OBJECT}","reason":"roll"}}"#);
    agent.admin("POST", "/v1/connectors/de/proofs", &proof).refused(403, "connector-frozen");
    agent.admin("POST", "/v1/connectors/de/provision", r#"{"csr":true}"#).refused(403, "connector-frozen");
}

/// Whether nothing was recorded for a while although more is asked: nobody takes the answers.
fn is_stuck(rig: &Rig) -> bool {
    const WHILE: Duration = Duration::from_secs(2);
    let before = rig.entries().len();
    thread::sleep(WHILE);
    rig.entries().len() == before
}

fn index(reply: &Reply) -> u64 {
    reply.json()["log_index"].as_u64().unwrap()
}

/// The assertions that count as signed: intents that nothing voids.
fn signed(rig: &Rig) -> BTreeSet<u64> {
    let entries = rig.entries();
    let mut signed: BTreeSet<u64> =
        (0..).zip(&entries).filter(|(_, entry)| entry.jti.is_some()).map(|(index, _)| index).collect();
    entries.iter().filter_map(|entry| entry.voids).for_each(|index| {
        signed.remove(&index);
    });
    signed
}

/// Sixteen connections that one thread drives, and what came back on them.
struct Volley<'a> {
    agent: &'a Agent,
    wires: Vec<Wire>,
    received: BTreeSet<u64>,
    idle: Vec<bool>,
}

impl<'a> Volley<'a> {
    fn new(agent: &'a Agent) -> Self {
        let wires = (0..16).map(|_| Wire::open(agent.socket())).collect();
        Self { agent, wires, received: BTreeSet::new(), idle: vec![true; 16] }
    }

    fn wires(&self) -> impl Iterator<Item = &Wire> {
        self.wires.iter()
    }

    /// Keeps every connection asking until so many more assertions came.
    fn until_received(&mut self, more: usize) {
        let goal = self.received.len() + more;
        while self.received.len() < goal {
            for (wire, idle) in self.wires.iter_mut().zip(&mut self.idle).filter(|(_, idle)| **idle) {
                wire.say(&request("POST", &assertions("de"), &body(TENANT, CLIENT)));
                *idle = false;
            }
            Wire::wait(self.wires());
            self.take();
        }
    }

    /// Takes what is here by now.
    fn take(&mut self) {
        for (wire, idle) in self.wires.iter_mut().zip(&mut self.idle) {
            for answer in wire.answers() {
                *idle = true;
                match answer.status {
                    200 => drop(self.received.insert(index(&answer))),
                    _ => drop(answer.refused(403, "connector-frozen")),
                }
            }
        }
    }

    /// Hangs up where a refusal is still to come: those are slowed down.
    fn start_over(&mut self) {
        for (wire, idle) in self.wires.iter_mut().zip(&mut self.idle).filter(|(_, idle)| !**idle) {
            (*wire, *idle) = (Wire::open(self.agent.socket()), true);
        }
    }
}
