//! What a failed call costs the request that met it: by the table of docs/faults.md, mostly nothing, because it is repeated.
//!
//! Each code is struck exactly as often as the table says it may be, and once more.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashSet;
use std::thread;
use std::time::{Duration, Instant};

use cryptoki_sys::*;
use fault_module::{Action, Function};
use ledger::{Entry, Kind};
use rustix::process::Signal;
use tests::agent::kill;
use tests::beats::Beats;
use tests::faults::{Faults, Times};
use tests::wait::until_true;
use tests::{Agent, Load, Rig};

/// Codes after which nobody knows whether there is a signature: two that the standard has, and a vendor's.
const UNCLEAR: [CK_RV; 3] = [CKR_DEVICE_ERROR, CKR_FUNCTION_FAILED, CKR_VENDOR_DEFINED | 0x1234];
/// Codes after which only another process can help.
const BEYOND_HELP: [CK_RV; 2] = [CKR_GENERAL_ERROR, CKR_CRYPTOKI_NOT_INITIALIZED];

/// How long a token with a shorter deadline is waited for.
const ABSENCE: Duration = Duration::from_secs(5);
/// What an end takes to be seen, and an answer to be read.
const NO_LONGER: Duration = Duration::from_secs(1);
const UNAVAILABLE: &str = "token-unavailable";
/// A deadline that only a call which hangs meets.
const HANG: &str = "8s";

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
fn a_key_that_cannot_be_read_for_a_moment_is_no_other_key_and_costs_no_request() {
    let (rig, faults) = rig();
    let agent = rig.start();
    for code in [
        CKR_USER_NOT_LOGGED_IN,
        CKR_OBJECT_HANDLE_INVALID,
        CKR_SESSION_HANDLE_INVALID,
        CKR_DEVICE_ERROR,
        CKR_GENERAL_ERROR,
    ] {
        // Modulus, exponent, label, and whether it wants its PIN: each of the calls that compare it, and then none.
        let mut passing = 0;
        loop {
            agent.wait_ready();
            agent.assertion("de").ok();
            // Its handle is no good any more, so it is found anew and compared.
            faults.strike(Function::SignInit, Action::Code, CKR_KEY_HANDLE_INVALID, Times::N(1));
            let blows = faults.blows(Function::GetAttributeValue);
            faults.strike_after(passing, Function::GetAttributeValue, Action::Code, code, Times::N(1));
            let reply = agent.assertion("de");
            assert_eq!(reply.status, 200, "{code:#x} after {passing}: {reply:?}");
            faults.clear();
            if faults.blows(Function::GetAttributeValue) == blows {
                break;
            }
            passing += 1;
        }
        assert!(passing >= 4, "{code:#x} struck only {passing} calls");
    }
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
fn a_call_that_hangs_costs_its_own_request_and_none_of_those_behind_it() {
    // So many that they lie on both lanes as deep as they can.
    assert_costs_one(Rig::bare(), |_| ());
}

#[test]
fn those_behind_a_call_that_hangs_wait_for_the_next_host_however_long_they_have_waited() {
    // One lane: all wait behind the call, most of them in front of the lane, and longer than the deadline before they know
    // it. And a host that takes a while to start.
    assert_costs_one(Rig::bare().lanes(1), |faults| {
        faults.strike(Function::Initialize, Action::Sleep, 1_000, Times::N(1));
    });
}

/// A call that hangs under load, of a token on which no other call ever takes so long, however busy the machine is.
#[track_caller]
fn assert_costs_one(rig: Rig, besides: impl FnOnce(&Faults)) {
    let rig = rig.deadline(HANG).with_faults().provisioned();
    let (faults, agent) = (Faults::of(&rig), rig.start());
    let load = Load::start(agent.socket(), 24);
    load.until_answered(200);
    besides(&faults);
    faults.strike(Function::Sign, Action::Hang, 0, Times::N(1));
    until_true("its host is killed", || faults.calls(Function::Initialize) > 1);
    load.until_answered(200);
    let took = load.stop();
    assert_eq!(took.refused.into_iter().collect::<Vec<_>>(), [((503, "token-unavailable".to_owned()), 1)]);
    rig.assert_recorded(&took.received);
}

#[test]
fn a_login_that_takes_long_to_come_back_is_waited_for_as_a_host_is() {
    // Longer than a question lies on its lane for it, which is 2 s. By the one lane, no other signature is under way as the
    // login goes.
    let rig = Rig::bare().lanes(1).deadline(HANG).with_faults().provisioned();
    let (faults, agent) = (Faults::of(&rig), rig.start());
    let load = Load::start(agent.socket(), 8);
    load.until_answered(20);
    let before = Calls::so_far(&faults);
    faults.strike(Function::Login, Action::Sleep, 2_500, Times::N(1));
    faults.strike(Function::SignInit, Action::LogOut, 0, Times::N(1));
    until_true("it is logged in again", || faults.returns(Function::Login) > 0);
    load.until_answered(100);
    let took = load.stop();
    assert_eq!((took.refused.len(), took.broken), (0, 0), "{:?}", took.refused);
    rig.assert_recorded(&took.received);
    let logins = Calls::so_far(&faults).since(&before);
    assert_eq!((logins.of_hosts, logins.more), (0, 1));
}

#[test]
fn a_login_that_is_lost_under_load_costs_one_login_and_no_request() {
    // By the one lane, no other signature is under way as the login goes.
    let logins = assert_costs_no_request(Rig::bare().lanes(1), 8);
    assert_eq!((logins.of_hosts, logins.more), (0, 1));
}

#[test]
fn a_login_that_is_lost_amid_other_signatures_costs_one_login_or_another_host_and_no_request() {
    let logins = assert_costs_no_request(Rig::bare(), 8);
    // SoftHSM2 calls that a general error there, after which only another process can help: one at most, by the one loss.
    assert!(logins.of_hosts <= 1 && logins.more <= 1 && logins.of_hosts + logins.more > 0, "{logins:?}");
}

/// A login that is lost under the load of so many clients; the logins that this led to.
fn assert_costs_no_request(rig: Rig, clients: usize) -> Logins {
    let rig = rig.with_faults().provisioned();
    let (faults, agent) = (Faults::of(&rig), rig.start());
    let load = Load::start(agent.socket(), clients);
    load.until_answered(20);
    let before = Calls::so_far(&faults);
    faults.strike(Function::SignInit, Action::LogOut, 0, Times::N(1));
    load.until_answered(100);
    let took = load.stop();
    assert_eq!((took.refused.len(), took.broken), (0, 0), "{:?}", took.refused);
    rig.assert_recorded(&took.received);
    Calls::so_far(&faults).since(&before)
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

#[test]
fn a_device_that_failed_once_is_asked_anew_with_another_intent() {
    let (rig, faults) = rig();
    let agent = rig.start();
    let host = agent.hosts();
    for code in UNCLEAR {
        let before = rig.entries().len();
        let reply = asked_under(&agent, &faults, code, 1).ok();
        assert_composed_twice(&rig, before, reply.json()["log_index"].as_u64().unwrap());
    }
    for code in UNCLEAR {
        asked_under(&agent, &faults, code, 2).refused(503, "token-unavailable");
    }
    assert_eq!(agent.hosts(), host);
}

#[test]
fn a_device_that_fails_is_not_asked_anew_where_another_token_is() {
    let rig = Rig::bare().second_token().with_faults().provisioned();
    let faults = Faults::of(&rig);
    let agent = rig.start();
    for code in UNCLEAR.into_iter().chain(BEYOND_HELP) {
        agent.wait_ready();
        let blows = faults.blows(Function::SignInit);
        faults.strike(Function::SignInit, Action::Code, code, Times::Always);
        until_true("the failing token was asked", || {
            agent.assertion("de").ok();
            faults.blows(Function::SignInit) > blows
        });
        faults.clear();
        assert_eq!(faults.blows(Function::SignInit), blows + 1, "{code:#x}");
    }
    let tokens: HashSet<_> = rig.entries().into_iter().filter_map(|entry| entry.token).collect();
    assert_eq!(tokens.len(), 2);
}

#[test]
fn a_module_beyond_help_is_asked_anew_when_it_has_another_host_and_not_a_third_time() {
    let (rig, faults) = rig();
    let agent = rig.start();
    for code in BEYOND_HELP {
        agent.assertion("de").ok();
        let (host, before) = (agent.hosts(), rig.entries().len());
        let reply = asked_under(&agent, &faults, code, 1).ok();
        assert_composed_twice(&rig, before, reply.json()["log_index"].as_u64().unwrap());
        assert_ne!(agent.hosts(), host);
    }
    for code in BEYOND_HELP {
        asked_under(&agent, &faults, code, 2).refused(503, "token-unavailable");
        agent.await_signature();
    }
    assert_eq!(faults.refused_pins(), 0);
}

#[test]
fn a_host_that_is_killed_again_and_again_costs_no_request_where_it_is_the_only_one() {
    let (rig, _) = rig();
    let agent = rig.start();
    let load = Load::start(agent.socket(), 8);
    for _ in 0..4 {
        load.until_answered(50);
        kill(agent.hosts()[0], Signal::KILL);
    }
    load.until_answered(50);
    let took = load.stop();
    assert_eq!((took.refused.len(), took.broken), (0, 0), "{:?}", took.refused);
    rig.assert_recorded(&took.received);
}

#[test]
fn a_host_that_does_not_come_back_is_waited_for_as_long_as_one_may_take_and_then_not_at_all() {
    let rig = Rig::bare().with_faults().deadline("1s").provisioned();
    let (faults, agent) = (Faults::of(&rig), rig.start());
    agent.assertion("de").ok();
    faults.strike(Function::Initialize, Action::Code, CKR_GENERAL_ERROR, Times::Always);
    let (killed, beats) = (Instant::now(), Beats::start());
    kill(agent.hosts()[0], Signal::KILL);
    agent.assertion("de").refused(503, "token-unavailable");
    // From when its host went, where the deadline is shorter; and no longer, but for the time in which the machine has no turn
    // for anybody.
    let (waited, counted) = (killed.elapsed(), beats.passed());
    assert!(waited >= ABSENCE && counted < ABSENCE + NO_LONGER, "{waited:?}, of which {counted:?} count");
    // Each that waited would be counted as long as it does.
    thread::scope(|scope| {
        let asks =
            scope.spawn(|| (0..10).for_each(|_| drop(agent.assertion("de").refused(503, UNAVAILABLE))));
        while !asks.is_finished() {
            assert_eq!(agent.tokens()[0]["waiting"], 0);
        }
        asks.join().unwrap();
    });
    faults.clear();
    agent.await_signature();
}

#[test]
fn a_freeze_does_not_wait_for_those_who_wait_for_a_host() {
    let (rig, faults) = rig();
    let agent = rig.start();
    agent.assertion("de").ok();
    faults.strike(Function::Initialize, Action::Code, CKR_GENERAL_ERROR, Times::Always);
    kill(agent.hosts()[0], Signal::KILL);
    until_true("its end shows", || agent.tokens()[0]["state"] == "failed");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| agent.assertion("de"));
        until_true("it waits", || agent.tokens()[0]["waiting"] != 0);
        agent.admin("POST", "/v1/connectors/de/freeze", r#"{"reason":"trial"}"#).ok();
        // It was not its own wait that ended: that ends with another word.
        waiting.join().unwrap().refused(403, "connector-frozen");
    });
}

/// How often hosts have started and have logged in, those of other processes before among them.
struct Calls {
    initialize: u64,
    login: u64,
}

/// How often hosts logged in meanwhile: each once as it starts, and how often more.
#[derive(Debug)]
struct Logins {
    of_hosts: u64,
    more: u64,
}

impl Calls {
    fn so_far(faults: &Faults) -> Self {
        Self { initialize: faults.calls(Function::Initialize), login: faults.calls(Function::Login) }
    }

    /// To be asked when no host is just starting, as before.
    fn since(self, before: &Self) -> Logins {
        let of_hosts = self.initialize - before.initialize;
        Logins { of_hosts, more: self.login - before.login - of_hosts }
    }
}

/// Since so many entries there are two intents, and the first is void: its signature never came back.
#[track_caller]
fn assert_composed_twice(rig: &Rig, before: usize, released: u64) {
    let voided = || rig.entries().iter().skip(before).filter_map(|entry| entry.voids).collect::<Vec<_>>();
    until_true("the first intent is void", || !voided().is_empty());
    let entries = rig.entries();
    let is_intent = |(_, entry): &(usize, &Entry)| entry.kind == Kind::Intent;
    let intents: Vec<_> = entries.iter().enumerate().skip(before).filter(is_intent).collect();
    let [(first, one), (second, other)] = intents[..] else { panic!("{intents:?}") };
    assert_ne!(one.jti, other.jti);
    assert_eq!((voided(), released), (vec![first as u64], second as u64));
}
