//! A token that is slower than its callers: each of them gets its turn, and who would wait too long is told at once.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use tests::caller::NOBODY;
use tests::faults::{Action, Faults, Function, Times};
use tests::wait::until_true;
use tests::{Load, Rig};

/// Clients of the greedy caller.
const GREEDY: usize = 24;
/// Clients that are too many.
const CROWD: usize = 60;

/// How long each signature takes that is to be slow, in milliseconds: longer than this machine may make one take.
const SLEEP: u64 = 100;

#[test]
fn a_caller_with_many_connections_does_not_keep_a_modest_one_waiting() {
    let rules = format!(
        "[callers.greedy]\nuser = ME\nconnectors = [\"de\"]\n\n[callers.modest]\nuser = \"{NOBODY}\"\n\
         connectors = [\"de\"]\n\n[admins.rig]\nuser = ME\nmay = {}\n",
        tests::rig::ALL
    );
    // Slow by the token and not by the machine: what a busy one takes between two questions is little beside a signature.
    let rig =
        Rig::bare().lanes(1).connector("de", "p-256", "ES256").rules(&rules).with_faults().provisioned();
    Faults::of(&rig).strike(Function::Sign, Action::Sleep, SLEEP, Times::Always);
    let agent = rig.start();
    let mut modest = rig.caller_as(agent.socket(), NOBODY);
    let load = Load::start(agent.socket(), GREEDY);
    load.until_answered(GREEDY);
    let (before, mine) = (load.answered(), 12);
    for _ in 0..mine {
        modest.assertion("de").ok();
    }
    let theirs = load.answered() - before;
    // Ours waits for those on the lane, and for one turn of the others: first come, first served it would be 24.
    assert!(theirs < mine * 8, "{theirs} answers of the greedy caller for {mine} of the modest one");
    drop(load);
}

#[test]
fn who_would_wait_longer_than_the_deadline_is_refused_early_and_told_when_to_come_back() {
    // Slow by the token and not by the machine: sixty wait for six seconds, and one for no more than its own.
    let rig = Rig::bare().lanes(1).deadline("2s").with_faults().provisioned();
    Faults::of(&rig).strike(Function::Sign, Action::Sleep, SLEEP, Times::Always);
    let agent = rig.start();
    let load = Load::start(agent.socket(), CROWD);
    load.until_answered(CROWD);
    let (mut mine, mut refused) = (0, None);
    until_true("a refusal", || {
        let reply = agent.assertion("de");
        mine += usize::from(reply.status == 200);
        refused = (reply.status != 200).then_some(reply);
        refused.is_some()
    });
    let refused = refused.unwrap().refused(503, "token-busy");
    assert!(refused.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    let took = load.stop();
    assert!(took.refused.keys().all(|(_, code)| code == "token-busy"), "{:?}", took.refused);
    let intents = rig.entries().iter().filter(|entry| entry.jti.is_some()).count();
    assert_eq!(intents, took.received.len() + mine, "refusals reach neither the log nor the token");
    rig.assert_recorded(&took.received);
}
