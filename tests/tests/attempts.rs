//! An attempt whose outcome nobody wrote down counts as a refusal, but for one retry with a source that was accepted before;
//! and no orderly stop leaves one behind.
//!
//! How often C_Login was called is counted by OpenSC's spy between the agent and SoftHSM2, not by the agent.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::process::Command;

use rustix::process::Signal;
use tests::agent::kill;
use tests::rig::{PIN, binary};
use tests::wait::until_true;
use tests::{Agent, Rig};

/// How often a token is made and its agent stopped.
const STARTS: usize = 50;
const WRONG: &str = "not-the-rigs-pin";
/// Longer than any of this takes: what is held up so long stays held up.
const HELD_UP: &str = "300s";

#[test]
fn a_refusal_that_nobody_wrote_down_latches_the_token_too() {
    let rig = Rig::bare().provisioned().spied();
    rig.write();
    // As a token that nobody ever logged in to.
    fs::remove_dir_all(rig.at("state/latch")).unwrap();
    rig.private("pin", WRONG);
    kill_before_the_outcome_is_written(&rig, "CKR_PIN_INCORRECT");
    for _ in 0..3 {
        let agent = rig.spawn();
        agent.await_tokens("latched");
        assert!(agent.detail().contains("nobody told the outcome"), "{}", agent.detail());
        assert!(agent.stop().success());
    }
    assert_eq!(rig.calls("C_Login"), 1);
    rig.private("pin", PIN);
    rig.kunci_ok(&["token", "unlatch", "soft"]);
    rig.start().assertion("de").ok();
}

#[test]
fn a_left_over_attempt_is_retried_once_with_a_source_that_was_accepted_before() {
    let rig = Rig::bare().provisioned().spied();
    rig.write();
    rig.start().stop();
    kill_before_the_outcome_is_written(&rig, "CKR_OK");
    let agent = rig.start();
    agent.assertion("de").ok();
    assert!(agent.stop().success());
    assert_eq!(rig.calls("C_Login"), 3);

    // Killed in the retry as well: that was the one.
    kill_before_the_outcome_is_written(&rig, "CKR_OK");
    kill_before_the_outcome_is_written(&rig, "CKR_OK");
    let agent = rig.spawn();
    agent.await_tokens("latched");
    assert_eq!(rig.calls("C_Login"), 5);
    // Nobody knows what became of this file's PIN, so the operator's word alone does not have it tried again.
    rig.kunci_ok(&["token", "unlatch", "soft"]);
    until_true("the host asked again", || agent.detail().contains("this very file"));
    assert_eq!(rig.calls("C_Login"), 5);
    rig.private("pin", PIN);
    agent.wait_ready();
    agent.assertion("de").ok();
}

#[test]
fn a_left_over_attempt_is_not_retried_with_another_source() {
    let rig = Rig::bare().provisioned().spied();
    rig.write();
    rig.start().stop();
    kill_before_the_outcome_is_written(&rig, "CKR_OK");
    rig.private("pin", WRONG);
    let agent = rig.spawn();
    agent.await_tokens("latched");
    assert_eq!(rig.calls("C_Login"), 2);
}

#[test]
fn an_orderly_stop_leaves_no_attempt_without_its_outcome() {
    let rig = Rig::bare();
    rig.write();
    for _ in 0..STARTS {
        // A token that nobody ever logged in to, which such an attempt would latch. Its private agent stops while the host
        // is about to log in to what was just made.
        rig.kunci_ok(&["token", "init", "soft"]);
        for latch in fs::read_dir(rig.at("state/latch")).unwrap() {
            let latch = fs::read_to_string(latch.unwrap().path()).unwrap();
            assert!(!latch.contains("attempt"), "{latch}");
        }
        fs::remove_dir_all(rig.token_folder()).unwrap();
    }
    rig.provisioned().start().assertion("de").ok();
}

/// Starts the agent, and kills it when C_Login said `outcome` and the supervisor is about to write that down.
fn kill_before_the_outcome_is_written(rig: &Rig, outcome: &str) {
    let before = rig.calls("C_Login");
    // A latch is replaced by rename. A start writes those anew that are there; after them come the attempt and its outcome.
    let is_latch = |file: &fs::DirEntry| file.path().extension().is_some_and(|ending| ending == "json");
    let there = fs::read_dir(rig.at("state/latch"))
        .into_iter()
        .flatten()
        .filter(|file| is_latch(file.as_ref().unwrap()));
    let inject = format!("inject=rename:delay_enter={HELD_UP}:when={}", there.count() + 2);
    let trace = rig.at("supervisor.trace");
    let arguments = ["-D", "-qq", "-e", "trace=rename", "-e", &inject, "-o", trace.to_str().unwrap()];
    let mut command = Command::new("strace");
    command.args(arguments).arg(binary("kunci-agent")).arg("--config").arg(rig.at("kunci.toml"));
    let agent = Agent::spawn(rig.at("agent.log"), rig.at("agent.sock"), rig.at("admin.sock"), command);
    until_true("the token judged the PIN", || {
        let calls = String::from_utf8_lossy(&fs::read(rig.at("spy/calls")).unwrap_or_default()).into_owned();
        let judged = calls.rsplit_once("C_Login\n").is_some_and(|(_, after)| after.contains(outcome));
        rig.calls("C_Login") == before + 1 && judged
    });
    until_true("the outcome is about to be written", || {
        fs::read_dir(rig.at("state/latch")).unwrap().any(|file| {
            let path = file.unwrap().path();
            // Its room was blank until now.
            path.extension().is_some_and(|ending| ending == "outcome")
                && fs::read(path).unwrap().starts_with(b"{")
        })
    });
    // One of them is that of the token while it was blank.
    let mut latches = fs::read_dir(rig.at("state/latch")).unwrap().map(|file| file.unwrap().path());
    assert!(latches.any(|path| {
        path.extension().is_some_and(|ending| ending == "json")
            && fs::read_to_string(&path).unwrap().contains("attempt")
    }));
    // First the agent, then who traces it: a supervisor that is let go would write.
    let tracer = tracer_of(agent.pid());
    kill(agent.pid(), Signal::KILL);
    kill(tracer, Signal::KILL);
    drop(agent);
}

fn tracer_of(pid: u32) -> u32 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
    tracer.unwrap().trim().parse().unwrap()
}
