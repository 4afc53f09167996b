//! A connector with a key on each of two tokens: both are used, by load, and when one fails no request does.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::time::Instant;

use ledger::Kind;
use rustix::process::Signal;
use tests::agent::kill;
use tests::rig::OBJECT;
use tests::second::{IN_FLIGHT, most_lost};
use tests::wait::until_true;
use tests::{Load, Rig};

/// Clients that ask without a pause: more than there are places on the lanes of a token.
const CLIENTS: usize = 24;

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

#[test]
fn both_tokens_sign_and_each_has_a_key_of_its_own() {
    let rig = rig();
    let agent = rig.start();
    let load = Load::start(agent.socket(), CLIENTS);
    load.until_answered(500);
    rig.assert_nobody_noticed(load);

    let shares = ["soft", "second"].map(|name| agent.token(name)["share"].as_f64().unwrap());
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
        kill(agent.host(name).unwrap(), Signal::KILL);
        load.until_answered(20);
        agent.wait_ready();
    }
    let fates = rig.assert_nobody_noticed(load);
    for name in ["soft", "second"] {
        assert!(fates.received[name] > 50, "{fates:?}");
        // It was killed four times, and each time out of use at once.
        assert!(fates.lost(name) <= 4 * IN_FLIGHT, "{fates:?}");
    }
}

#[test]
fn a_token_that_hangs_costs_time_and_no_request() {
    let rig = Rig::bare().deadline("1s").second_token().provisioned();
    let agent = rig.start();
    let load = Load::start(agent.socket(), CLIENTS);
    load.until_answered(100);
    let hung = agent.host("second").unwrap();
    kill(hung, Signal::STOP);
    until_true("the hung host is replaced", || agent.host("second").is_some_and(|host| host != hung));
    agent.wait_ready();
    load.until_answered(100);
    let fates = rig.assert_nobody_noticed(load);
    let lost = fates.lost("second");
    assert!((1..=IN_FLIGHT).contains(&lost), "what the hung token had, and no more, is voided: {fates:?}");
}

#[test]
fn a_proof_is_composed_anew_where_its_token_hangs() {
    let rig = Rig::bare().deadline("1s").second_token().provisioned();
    let agent = rig.start();
    kill(agent.host("second").unwrap(), Signal::STOP);
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
    let pulled = Instant::now();
    fs::rename(rig.at("tokens-2"), rig.at("away")).unwrap();
    until_true("its absence shows", || agent.token("second")["state"] == "missing");
    let outage = pulled.elapsed();
    // What was on its way when it went is written down by then.
    load.until_answered(50);
    let before = intents(&rig)["second"];
    load.until_answered(200);
    assert_eq!(intents(&rig)["second"], before, "nothing is asked of a token that is away");
    fs::rename(rig.at("away"), rig.at("tokens-2")).unwrap();
    agent.wait_ready();
    until_true("it signs again", || intents(&rig)["second"] > before + 20);
    let fates = rig.assert_nobody_noticed(load);
    assert!(fates.lost("second") <= most_lost(outage), "within {outage:?}: {fates:?}");
}
