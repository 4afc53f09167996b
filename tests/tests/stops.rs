//! What is under way at a token when the agent stops: whoever has asked is answered as if there were no stop, though that
//! takes a login, another host, or longer than clients are waited for.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::thread;

use rustix::process::Signal;
use tests::agent::kill;
use tests::always::LANES;
use tests::faults::{Action, Faults, Function as F, Times};
use tests::wait::until_true;
use tests::{Agent, Reply, Rig};

/// Longer than a stop waits for clients, and for what is on record, in milliseconds.
const LONG_MS: u64 = 11_000;
/// How many questions a lane has that has not signed yet.
const PLACES: usize = 2;

/// A host of one lane, and callers who wait for it for long.
fn rig() -> Rig {
    Rig::bare().lanes(1).deadline("30s").with_faults().provisioned()
}

/// Asks so often at once, stops the agent when that is `under_way`, and goes `on`; what was answered.
fn asked_amid_a_stop(
    agent: Agent,
    callers: usize,
    under_way: impl FnOnce(&Agent),
    on: impl FnOnce(&Agent),
) -> Vec<Reply> {
    let replies = thread::scope(|scope| {
        let asks = |_| scope.spawn(|| agent.assertion("de"));
        let asking: Vec<_> = (0..callers).map(asks).collect();
        under_way(&agent);
        agent.signal(Signal::TERM);
        until_true("it stops", || agent.output().contains("nobody new is let in"));
        on(&agent);
        asking.into_iter().map(|asked| asked.join().unwrap()).collect::<Vec<_>>()
    });
    assert!(agent.wait().success());
    replies
}

#[track_caller]
fn assert_answered(replies: Vec<Reply>) {
    for reply in replies {
        assert_eq!(reply.ok().header("connection"), Some("close"));
    }
}

#[test]
fn a_login_that_is_under_way_at_a_stop_is_one_that_callers_still_get_their_answers_by() {
    let rig = rig();
    let (faults, agent) = (Faults::of(&rig), rig.start());
    faults.strike(F::Login, Action::Hold, 0, Times::N(1));
    faults.strike(F::SignInit, Action::LogOut, 0, Times::N(1));
    assert_answered(asked_amid_a_stop(agent, 1, |_| faults.until_held(F::Login), |_| faults.clear()));
}

#[test]
fn a_host_that_is_on_its_way_at_a_stop_logs_in_and_signs_for_those_who_wait() {
    let rig = rig();
    let (faults, agent) = (Faults::of(&rig), rig.start());
    faults.strike(F::Initialize, Action::Hold, 0, Times::N(1));
    kill(agent.hosts()[0], Signal::KILL);
    faults.until_held(F::Initialize);
    let waits = |agent: &Agent| until_true("it waits", || agent.tokens()[0]["waiting"] == 1);
    assert_answered(asked_amid_a_stop(agent, 1, waits, |_| faults.clear()));
}

#[test]
fn a_host_that_ends_amid_a_stop_has_a_successor_for_those_who_wait() {
    let rig = rig();
    let (faults, agent) = (Faults::of(&rig), rig.start());
    let host = agent.hosts()[0];
    faults.strike(F::SignInit, Action::Hold, 0, Times::N(1));
    assert_answered(asked_amid_a_stop(
        agent,
        1,
        |_| faults.until_held(F::SignInit),
        |_| kill(host, Signal::KILL),
    ));
}

#[test]
fn a_key_that_wants_its_pin_each_time_signs_for_all_who_have_asked_before_a_stop() {
    let rig = Rig::bare().deadline("30s").adopted();
    let (faults, agent) = (Faults::of(&rig), rig.start());
    faults.strike(F::Login, Action::Hold, 0, Times::N(1));
    // One is amid its login, the others wait for theirs: as many as have a place on the lanes, and two in front of them.
    let under_way = |agent: &Agent| {
        faults.until_held(F::Login);
        until_true("the last ones wait", || agent.tokens()[0]["waiting"] == 2);
    };
    let callers = usize::from(LANES) * PLACES + 2;
    assert_answered(asked_amid_a_stop(agent, callers, under_way, |_| faults.clear()));
}

#[test]
fn a_stop_waits_for_signatures_longer_than_for_clients() {
    let rig = rig();
    let (faults, agent) = (Faults::of(&rig), rig.start());
    faults.strike(F::Sign, Action::Sleep, LONG_MS, Times::N(1));
    let struck = faults.blows(F::Sign);
    // One is signed for, one lies on its lane, and one waits in front of it.
    let under_way = |agent: &Agent| {
        faults.until_felt(F::Sign, struck, 1);
        until_true("one waits", || agent.tokens()[0]["waiting"] == 1);
    };
    assert_answered(asked_amid_a_stop(agent, 3, under_way, |_| {}));
}
