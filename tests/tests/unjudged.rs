//! A PIN that was never accepted is given once where nobody knows whether the try was counted, and three times at most
//! where the token says that it did not look at it; across restarts, and whoever's PIN it is.
//!
//! How often the PIN was given is counted by the fault module, which stands before SoftHSM2.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::Write;
use std::process::Stdio;

use cryptoki_sys::*;
use tests::faults::{Action, Faults, Function, Times};
use tests::rig::PIN;
use tests::wait::until_true;
use tests::{Agent, Rig};

/// What a token or module answers when it goes, or a session does, while C_Login is under way.
const DURING: [CK_RV; 2] = [CKR_DEVICE_REMOVED, CKR_SESSION_CLOSED];
/// How often a PIN may be given that is not judged.
const TIMES: u64 = 3;
const WRONG: &str = "not-the-rigs-pin";

/// A token with a key, whose PIN's file is one that it never accepted; whether that PIN is right, nobody asks here.
fn rig() -> (Rig, Faults) {
    let rig = Rig::bare().with_faults().provisioned();
    let faults = Faults::of(&rig);
    rig.private("pin", WRONG);
    (rig, faults)
}

fn detail(agent: &Agent) -> String {
    agent.tokens()[0]["detail"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_pin_never_accepted_is_given_once_where_the_token_or_the_session_went_during_the_login() {
    for code in DURING {
        for action in [Action::Code, Action::CodeAfter] {
            let (rig, faults) = rig();
            let before = faults.calls(Function::Login);
            faults.strike(Function::Login, action, code, Times::Always);
            for _ in 0..3 {
                let agent = rig.spawn();
                agent.await_tokens("latched");
                assert!(detail(&agent).contains("nobody told the outcome"), "{}", detail(&agent));
                assert!(agent.stop().success());
            }
            assert_eq!(faults.calls(Function::Login), before + 1, "{code:#x} {action:?}");
        }
    }
}

#[test]
fn a_pin_never_accepted_and_not_judged_is_given_three_times_across_restarts_and_latches() {
    let (rig, faults) = rig();
    let before = faults.calls(Function::Login);
    let given = || faults.calls(Function::Login) - before;
    faults.strike(Function::Login, Action::Code, CKR_TOKEN_NOT_PRESENT, Times::Always);
    // However the tries are spread over agents: one or two, and then the rest.
    let agent = rig.spawn();
    until_true("it is given once", || given() >= 1);
    // In order, so that no try is left without its outcome.
    assert!(agent.stop().success());
    for _ in 0..2 {
        let agent = rig.spawn();
        agent.await_tokens("latched");
        assert!(detail(&agent).contains("3 times and not judged"), "{}", detail(&agent));
        drop(agent);
    }
    assert_eq!(given(), TIMES);
    // The operator's word alone does not have the same file tried again; another file is.
    let agent = rig.spawn();
    agent.await_tokens("latched");
    faults.clear();
    rig.kunci_ok(&["token", "unlatch", "soft"]);
    until_true("the host asked again", || detail(&agent).contains("this very file"));
    assert_eq!(given(), TIMES);
    rig.private("pin", PIN);
    agent.wait_ready();
    agent.assertion("de").ok();
    assert_eq!((given(), faults.refused_pins()), (TIMES + 1, 0));
}

#[test]
fn a_pin_that_was_accepted_is_given_as_often_as_the_token_is_not_there() {
    let rig = Rig::bare().with_faults().provisioned();
    let faults = Faults::of(&rig);
    rig.start().stop();
    let before = faults.calls(Function::Login);
    faults.strike(Function::Login, Action::Code, CKR_TOKEN_NOT_PRESENT, Times::N(TIMES + 2));
    let agent = rig.start();
    agent.assertion("de").ok();
    assert_eq!(faults.calls(Function::Login), before + TIMES + 3);
}

#[test]
fn a_typed_pin_is_given_once_or_three_times_and_another_after_an_unlatch() {
    let rig = Rig::bare().with_faults().provisioned().pin_source("{ prompt = true }");
    rig.write();
    let faults = Faults::of(&rig);
    for (code, times) in [(CKR_DEVICE_REMOVED, 1), (CKR_TOKEN_NOT_PRESENT, TIMES)] {
        let agent = rig.spawn();
        let before = faults.calls(Function::Login);
        faults.strike(Function::Login, Action::Code, code, Times::Always);
        for _ in 0..times {
            agent.await_tokens("locked");
            assert!(!unlock(&rig));
        }
        // The next one is asked for, and not given.
        until_true("it is latched", || !unlock(&rig) && detail(&agent).contains("unlatch"));
        assert_eq!(faults.calls(Function::Login), before + times, "{code:#x}");
        faults.clear();
        rig.kunci_ok(&["token", "unlatch", "soft"]);
        agent.await_tokens("locked");
        assert!(unlock(&rig));
        agent.wait_ready();
        assert!(agent.stop().success());
    }
}

#[test]
fn the_officers_pin_is_given_once_where_the_token_went_and_three_times_where_it_is_not_judged() {
    for (code, times) in [(CKR_DEVICE_REMOVED, 1), (CKR_TOKEN_NOT_PRESENT, TIMES)] {
        let rig = Rig::bare().with_faults();
        rig.write();
        let faults = Faults::of(&rig);
        faults.strike(Function::InitToken, Action::Code, code, Times::Always);
        for _ in 0..TIMES + 2 {
            assert!(!rig.kunci(&["token", "init", "soft"]).status.success());
        }
        assert_eq!(faults.calls(Function::InitToken), times, "{code:#x}");
    }
}

/// Types the right PIN; whether the token took it.
fn unlock(rig: &Rig) -> bool {
    let mut command = rig.command(&["token", "unlock", "soft"]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{PIN}\n").as_bytes()).unwrap();
    child.wait().unwrap().success()
}
