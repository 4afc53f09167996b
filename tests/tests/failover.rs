//! One of two tokens is slow or fails, by the fault module: what it gets of the load, how soon it is out of use, and what
//! `kunci status` says meanwhile. The fault module stands before `soft`; `second` is as it should be.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::{Duration, Instant};

use cryptoki_sys::{CKR_DEVICE_ERROR, CKR_GENERAL_ERROR, CKR_PIN_LOCKED, CKR_VENDOR_DEFINED};
use ledger::Kind;
use rustix::process::Signal;
use tests::agent::kill;
use tests::faults::{Action, Faults, Function, Times};
use tests::rig::PIN;
use tests::second::most_lost;
use tests::wait::until_true;
use tests::{Agent, Load, Rig};

/// Clients that ask without a pause: so many that some wait in front of each token, and so few that none does.
const CLIENTS: usize = 24;
const FEW: usize = 4;
/// How long the slow token sleeps before each signature, in milliseconds.
const SLEEP: u64 = 200;
/// Not a bit at the edge of a signature.
const BIT: u64 = 300;

fn rig() -> Rig {
    Rig::bare().second_token().with_faults().provisioned()
}

#[test]
fn a_slow_token_gets_little_of_the_load_and_its_share_again_once_it_is_fast() {
    let rig = rig();
    let faults = Faults::of(&rig);
    faults.strike(Function::Sign, Action::Sleep, SLEEP, Times::Always);
    let agent = rig.start();
    let load = Load::start(agent.socket(), FEW);
    load.until_answered(500);
    let share = agent.token("soft")["share"].as_f64().unwrap();
    assert!(share > 0.0 && share < 0.1, "{share}");
    faults.clear();
    // Had it its share of the first 500 only, it would never come to a quarter of all.
    until_true("it is used as much as the other", || agent.token("soft")["share"].as_f64().unwrap() > 0.25);
    rig.assert_nobody_noticed(load);
}

#[test]
fn a_token_that_fails_at_signing_is_out_of_use_after_its_first_failure_and_costs_no_request() {
    for (what, action, parameter) in [
        ("CKR_DEVICE_ERROR", Action::Code, CKR_DEVICE_ERROR),
        ("CKR_GENERAL_ERROR", Action::Code, CKR_GENERAL_ERROR),
        ("a vendor's code", Action::Code, CKR_VENDOR_DEFINED | 1),
        ("CKR_PIN_LOCKED", Action::Code, CKR_PIN_LOCKED),
        ("a wrong signature", Action::Flip, BIT),
        ("a crash", Action::Segv, 0),
    ] {
        let rig = rig();
        let faults = Faults::of(&rig);
        let agent = rig.start();
        let load = Load::start(agent.socket(), CLIENTS);
        load.until_answered(100);
        let struck = Instant::now();
        faults.strike(Function::Sign, action, parameter, Times::Always);
        faults.until_felt(Function::Sign, 0, 1);
        load.until_answered(400);
        faults.clear();
        let outage = struck.elapsed();
        signs_again(&rig, &agent);
        let fates = rig.assert_nobody_noticed(load);
        println!("{what}, for {outage:?}: {fates:?}");
        assert!(fates.lost("soft") > 0, "{what} was not felt");
        assert!(fates.lost("soft") <= most_lost(outage), "{what}, for {outage:?}: {fates:?}");
        assert_eq!(fates.lost("second"), 0, "{what}: {fates:?}");
        // A void says that no signature came back; one that came back and was wrong stays on record.
        let is_wrong = action == Action::Flip;
        assert_eq!(fates.kept.contains_key("soft"), is_wrong, "{what}: {fates:?}");
        assert_eq!(fates.voided.contains_key("soft"), !is_wrong, "{what}: {fates:?}");
    }
}

#[test]
fn a_token_whose_pin_is_locked_costs_no_request() {
    let rig = rig();
    let faults = Faults::of(&rig);
    let agent = rig.start();
    let load = Load::start(agent.socket(), CLIENTS);
    load.until_answered(100);
    faults.strike(Function::Login, Action::Code, CKR_PIN_LOCKED, Times::Always);
    kill(agent.host("soft").unwrap(), Signal::KILL);
    until_true("it is latched", || agent.token("soft")["state"] == "latched");
    load.until_answered(200);
    faults.clear();
    // The PIN is right, says the operator.
    rig.private("pin", PIN);
    agent.admin("POST", "/v1/tokens/soft/unlatch", "").ok();
    signs_again(&rig, &agent);
    let fates = rig.assert_nobody_noticed(load);
    assert!(fates.lost("soft") <= most_lost(Duration::ZERO), "{fates:?}");
}

#[test]
fn status_tells_the_health_latency_and_share_of_each_token_while_one_is_out() {
    let rig = rig();
    let faults = Faults::of(&rig);
    let agent = rig.start();
    let load = Load::start(agent.socket(), CLIENTS);
    load.until_answered(200);
    faults.strike(Function::Sign, Action::Code, CKR_DEVICE_ERROR, Times::Always);
    until_true("its failure shows", || agent.token("soft")["failing"].is_string());
    assert_status(&rig, "ready, failing: ", |token| {
        assert_eq!(token["state"], "ready");
        assert!(token["failing"].as_str().unwrap().contains("DeviceError"), "{token}");
    });
    faults.clear();
    signs_again(&rig, &agent);
    std::fs::rename(rig.at("tokens"), rig.at("away")).unwrap();
    until_true("its absence shows", || agent.token("soft")["state"] == "missing");
    assert_status(&rig, "missing: ", |token| assert_eq!(token["state"], "missing"));
    rig.assert_nobody_noticed(load);
}

/// What a person reads, and what a program reads, of a token that is out and of one that serves.
#[track_caller]
fn assert_status(rig: &Rig, out: &str, judge: impl Fn(&serde_json::Value)) {
    let page = String::from_utf8(rig.kunci(&["status"]).stdout).unwrap();
    println!("{page}");
    let is_of = |line: &str, name: &str| line.split_whitespace().next() == Some(name);
    let row = |name: &str| page.lines().find(|line| is_of(line, name)).unwrap();
    assert!(row("soft").contains(out), "{page}");
    for name in ["soft", "second"] {
        assert!(row(name).contains(" ms ") && row(name).ends_with(" %"), "{page}");
    }
    let lines = String::from_utf8(rig.kunci(&["--json", "status"]).stdout).unwrap();
    let tokens: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let token = |name: &str| tokens.iter().find(|token| token["name"] == name).unwrap();
    judge(token("soft"));
    assert_eq!((&token("second")["state"], &token("second")["failing"]), (&"ready".into(), &().into()));
    let shares = ["soft", "second"].map(|name| token(name)["share"].as_f64().unwrap());
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 0.01 && shares[1] > 0.0, "{shares:?}");
    assert!(["soft", "second"].iter().all(|name| token(name)["latency_ms"].as_f64().unwrap() > 0.0));
}

/// Waits until the token that failed takes part again.
fn signs_again(rig: &Rig, agent: &Agent) {
    let intents = || {
        let is_its = |entry: &ledger::Entry| {
            entry.kind == Kind::Intent && entry.jti.is_some() && entry.token.as_deref() == Some("soft")
        };
        rig.entries().iter().filter(|entry| is_its(entry)).count()
    };
    agent.wait_ready();
    let before = intents();
    until_true("it signs again", || intents() > before + 20 && agent.token("soft")["failing"].is_null());
}
