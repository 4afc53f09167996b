//! A token manager that does not come back from its module while no lane is at the token: no request can tell of it, and its host is
//! found out all the same, ends, and another one serves.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use tests::Rig;
use tests::faults::{Action, Faults, Function, Times};
use tests::wait::until_true;

#[test]
fn a_token_manager_that_hangs_as_it_opens_a_session_is_found_out() {
    found_out(Function::OpenSession, 0);
}

#[test]
fn a_token_manager_that_hangs_as_it_asks_whether_it_is_logged_in_is_found_out() {
    // The first is a look at the served token.
    found_out(Function::GetSessionInfo, 1);
}

#[test]
fn a_token_manager_that_hangs_as_it_looks_for_its_token_is_found_out() {
    // The same; each listing asks for its length first.
    found_out(Function::GetSlotList, 2);
}

/// Hangs a call of the token manager's, after so many, once a login is lost.
#[track_caller]
fn found_out(call: Function, passing: u64) {
    let rig = Rig::bare().with_faults().provisioned();
    let (faults, agent) = (Faults::of(&rig), rig.start());
    agent.assertion("de").ok();
    let host = agent.host("soft").unwrap();
    let (blows, starts) = (faults.blows(call), faults.calls(Function::Initialize));
    faults.strike_after(passing, call, Action::Hang, 0, Times::N(1));
    // Lost behind the agent's back: what the lane sees has the token looked for, and logged in to again.
    faults.strike(Function::SignInit, Action::LogOut, 0, Times::N(1));
    let _ = agent.assertion("de");
    faults.until_felt(call, blows, 1);
    until_true("another host is there", || agent.host("soft").is_some_and(|now| now != host));
    agent.await_signature();
    assert_eq!(faults.calls(Function::Initialize), starts + 1, "one host was replaced");
}
