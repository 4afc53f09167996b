//! A connector with a key on each of two tokens: both are used, by load, and when one fails no request does.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, HashSet};
use std::fs;

use ledger::Kind;
use rustix::process::Signal;
use tests::agent::kill;
use tests::rig::OBJECT;
use tests::wait::until_true;
use tests::{Agent, Load, Rig};

/// Clients that ask without a pause.
const CLIENTS: usize = 8;

fn rig() -> Rig {
    Rig::bare().second_token().provisioned()
}

/// How many intents each token got.
fn intents(rig: &Rig) -> BTreeMap<String, usize> {
    let mut by_token = BTreeMap::new();
    for entry in rig.entries().into_iter().filter(|entry| entry.kind == Kind::Intent && entry.jti.is_some()) {
        *by_token.entry(entry.token.unwrap()).or_default() += 1;
    }
    by_token
}

fn token(agent: &Agent, name: &str) -> serde_json::Value {
    agent.tokens().into_iter().find(|token| token["name"] == name).unwrap()
}

/// The host of a token.
fn host(agent: &Agent, name: &str) -> Option<u32> {
    let serves = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|part| part == name.as_bytes())
    };
    agent.hosts().into_iter().find(serves)
}

/// Everything that was asked for was answered, is on record and verifies.
#[track_caller]
fn assert_nobody_noticed(rig: &Rig, load: Load) {
    let took = load.stop();
    assert_eq!((took.refused, took.broken), (BTreeMap::new(), 0));
    rig.assert_recorded(&took.received);
}

#[test]
fn both_tokens_sign_and_each_has_a_key_of_its_own() {
    let rig = rig();
    let agent = rig.start();
    let load = Load::start(agent.socket(), CLIENTS);
    load.until_answered(500);
    assert_nobody_noticed(&rig, load);

    let shares = ["soft", "second"].map(|name| token(&agent, name)["share"].as_f64().unwrap());
    assert!(shares.iter().all(|share| *share > 0.2), "{shares:?}");
    let certificates = agent.call("GET", "/v1/connectors/de/certificate", "").json();
    let keys: HashSet<_> =
        certificates.as_array().unwrap().iter().map(|one| one["pem"].to_string()).collect();
    assert_eq!(keys.len(), 2, "nothing is cloned: {certificates}");
    let page = rig.kunci_ok(&["status"]);
    assert!(page.contains(" ms") && page.contains(" %"), "{page}");
}

#[test]
fn a_host_that_is_killed_again_and_again_costs_no_request_where_another_token_serves() {
    let rig = rig();
    let agent = rig.start();
    let load = Load::start(agent.socket(), CLIENTS);
    for name in ["soft", "second"].repeat(4) {
        load.until_answered(100);
        kill(host(&agent, name).unwrap(), Signal::KILL);
        load.until_answered(20);
        agent.wait_ready();
    }
    assert_nobody_noticed(&rig, load);
    assert!(intents(&rig).values().all(|count| *count > 50), "{:?}", intents(&rig));
}

#[test]
fn a_token_that_hangs_costs_time_and_no_request() {
    let rig = Rig::bare().deadline("1s").second_token().provisioned();
    let agent = rig.start();
    let load = Load::start(agent.socket(), CLIENTS);
    load.until_answered(100);
    let hung = host(&agent, "second").unwrap();
    kill(hung, Signal::STOP);
    until_true("the hung host is replaced", || host(&agent, "second").is_some_and(|host| host != hung));
    agent.wait_ready();
    load.until_answered(100);
    assert_nobody_noticed(&rig, load);
    let voids = rig.entries().iter().filter(|entry| entry.kind == Kind::Void).count();
    assert!(voids > 0, "what the hung token never answered is voided");
}

#[test]
fn a_proof_is_composed_anew_where_its_token_hangs() {
    let rig = Rig::bare().deadline("1s").second_token().provisioned();
    let agent = rig.start();
    kill(host(&agent, "second").unwrap(), Signal::STOP);
    let ask = format!(r#"{{"object_id":"{OBJECT}","reason":"roll"}}"#);
    until_true("a proof was voided on the hung token", || {
        agent.admin("POST", "/v1/connectors/de/proofs", &ask).ok();
        rig.entries().iter().any(|entry| entry.kind == Kind::Void)
    });
}

#[test]
fn a_token_that_is_pulled_is_left_out_at_once_and_shares_again_when_it_is_back() {
    let rig = rig();
    let agent = rig.start();
    let load = Load::start(agent.socket(), CLIENTS);
    load.until_answered(100);
    fs::rename(rig.at("tokens-2"), rig.at("away")).unwrap();
    until_true("its absence shows", || token(&agent, "second")["state"] == "missing");
    // What was on its way when it went is written down by then.
    load.until_answered(50);
    let before = intents(&rig)["second"];
    load.until_answered(200);
    assert_eq!(intents(&rig)["second"], before, "nothing is asked of a token that is away");
    fs::rename(rig.at("away"), rig.at("tokens-2")).unwrap();
    agent.wait_ready();
    until_true("it signs again", || intents(&rig)["second"] > before + 20);
    assert_nobody_noticed(&rig, load);
}
