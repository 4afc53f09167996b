//! What a failed call costs the request that met it: by the table of docs/faults.md, mostly nothing, because it is repeated.
//!
//! Each code is struck exactly as often as the table says it may be, and once more.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use cryptoki_sys::*;
use fault_module::{Action, Function};
use tests::faults::{Faults, Times};
use tests::wait::until_true;
use tests::{Agent, Load, Rig};

fn rig() -> (Rig, Faults) {
    let rig = Rig::bare().with_faults().provisioned();
    let faults = Faults::of(&rig);
    (rig, faults)
}

/// Strikes the next signatures with a code, and asks for one.
fn asked_under(agent: &Agent, faults: &Faults, code: CK_RV, times: u64) -> tests::Reply {
    faults.strike(Function::SignInit, Action::Code, code, Times::N(times));
    agent.assertion("de")
}

#[test]
fn what_a_session_mends_costs_no_request() {
    let (rig, faults) = rig();
    let agent = rig.start();
    let host = agent.hosts();
    for code in [
        CKR_SESSION_HANDLE_INVALID,
        CKR_SESSION_CLOSED,
        CKR_KEY_HANDLE_INVALID,
        CKR_OBJECT_HANDLE_INVALID,
        CKR_OPERATION_ACTIVE,
    ] {
        asked_under(&agent, &faults, code, 1).ok();
        faults.clear();
    }
    assert_eq!(agent.hosts(), host);
}

#[test]
fn a_login_lost_behind_the_agents_back_costs_one_login_and_no_request() {
    let (rig, faults) = rig();
    let agent = rig.start();
    agent.assertion("de").ok();
    let (logins, host) = (faults.calls(Function::Login), agent.hosts());
    // The private keys are hidden from now on, and their handles are nobody's.
    faults.strike(Function::SignInit, Action::LogOut, 0, Times::N(1));
    agent.assertion("de").ok();
    assert_eq!(faults.calls(Function::Login), logins + 1);
    assert_eq!(agent.hosts(), host);
}

#[test]
fn a_login_that_is_lost_under_load_costs_one_login_and_no_request() {
    let (rig, faults) = rig();
    let agent = rig.start();
    let load = Load::start(agent.socket(), 8);
    load.until_answered(20);
    let logins = faults.calls(Function::Login);
    faults.strike(Function::SignInit, Action::LogOut, 0, Times::N(1));
    load.until_answered(100);
    let took = load.stop();
    assert_eq!((took.refused.len(), took.broken), (0, 0), "{:?}", took.refused);
    assert_eq!(faults.calls(Function::Login), logins + 1);
    rig.assert_recorded(&took.received);
}

#[test]
fn a_refused_pin_is_given_once_also_after_a_login_that_was_lost() {
    let (rig, faults) = rig();
    let agent = rig.start();
    agent.assertion("de").ok();
    let logins = faults.calls(Function::Login);
    faults.strike(Function::Login, Action::Code, CKR_PIN_INCORRECT, Times::Always);
    faults.strike(Function::SignInit, Action::LogOut, 0, Times::N(1));
    agent.assertion("de").refused(503, "token-unavailable");
    agent.await_tokens("latched");
    agent.assertion("de").refused(503, "token-unavailable");
    assert_eq!(faults.calls(Function::Login), logins + 1);
}

#[test]
fn where_memory_is_short_idle_sessions_close_and_the_host_tries_twice_more() {
    let (rig, faults) = rig();
    let agent = rig.start();
    let load = Load::start(agent.socket(), 8);
    until_true("both lanes have a session", || {
        faults.calls(Function::OpenSession) > faults.calls(Function::CloseSession) + 2
    });
    load.stop();
    let (closed, host) = (faults.calls(Function::CloseSession), agent.hosts());
    for code in [CKR_DEVICE_MEMORY, CKR_HOST_MEMORY] {
        asked_under(&agent, &faults, code, 2).ok();
    }
    // The one that it failed in, and the one that nobody used.
    assert!(faults.calls(Function::CloseSession) >= closed + 2);
    assert_eq!(agent.hosts(), host);
}

#[test]
fn a_module_that_stays_without_memory_gets_a_new_host() {
    let (rig, faults) = rig();
    let agent = rig.start();
    let host = agent.hosts()[0];
    faults.strike(Function::SignInit, Action::Code, CKR_HOST_MEMORY, Times::Always);
    agent.assertion("de").refused(503, "token-unavailable");
    until_true("another host is there", || agent.hosts().iter().any(|other| *other != host));
    faults.clear();
    agent.await_signature();
    assert_eq!(faults.refused_pins(), 0);
}
