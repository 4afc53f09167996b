//! Many connectors on one token: what provisioning asks of the token for one of them does not grow with the others.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::thread;

use fault_module::Action;
use tests::faults::{Faults, Function, Times};
use tests::rig::ALL;
use tests::wait::until_true;
use tests::{Agent, Rig};

/// More than enough to tell a cost that grows.
const CONNECTORS: usize = 24;

fn name(at: usize) -> String {
    format!("c{at:03}")
}

/// Attributes that were read and searches that were begun for one more connector.
fn cost(agent: &Agent, faults: &Faults, at: usize) -> u64 {
    let asked = || faults.calls(Function::GetAttributeValue) + faults.calls(Function::FindObjectsInit);
    let before = asked();
    agent.admin("POST", &format!("/v1/connectors/{}/provision", name(at)), "{}").ok();
    asked() - before
}

#[test]
fn a_connector_more_costs_the_token_no_look_at_those_that_are_there() {
    let rig = (0..CONNECTORS).fold(Rig::bare(), |rig, at| rig.connector(&name(at), "p-256", "ES256"));
    let rig = rig.with_faults();
    rig.write();
    rig.kunci_ok(&["token", "init", "soft"]);
    let faults = Faults::of(&rig);
    let agent = rig.spawn();
    agent.await_surveys();
    let costs: Vec<_> = (0..CONNECTORS).map(|at| cost(&agent, &faults, at)).collect();
    assert!(costs[1..].iter().all(|cost| *cost > 0 && *cost <= costs[1]), "{costs:?}");
    // The keys serve at once, and evidence has what was read back of them.
    let last = name(CONNECTORS - 1);
    let serving = agent.connectors().iter().filter(|connector| connector["serves"] == true).count();
    assert_eq!(serving, CONNECTORS);
    let evidence = agent.admin("GET", &format!("/v1/connectors/{last}/evidence"), "").json();
    assert_eq!(evidence["keys"][0]["attributes"]["local"], true, "{evidence}");
}

/// A check that read the token's keys before this one was there says nothing of it, and undoes nothing.
#[test]
fn a_key_that_is_made_while_its_token_is_surveyed_serves_when_both_are_done() {
    let rules = format!(
        "[callers.rig]\nuser = ME\nconnectors = [\"de\", \"uk\"]\n[admins.rig]\nuser = ME\nmay = {ALL}\n"
    );
    let rig = Rig::bare().connector("de", "p-256", "ES256").connector("uk", "p-256", "ES256");
    let rig = rig.rules(&rules).with_faults();
    rig.write();
    rig.kunci_ok(&["token", "init", "soft"]);
    let faults = Faults::of(&rig);
    let agent = rig.spawn();
    agent.await_surveys();
    agent.admin("POST", "/v1/connectors/de/provision", "{}").ok();
    // By now the survey has its list of keys.
    faults.strike(Function::GetAttributeValue, Action::Sleep, 5_000, Times::N(1));
    thread::scope(|scope| {
        let check = scope.spawn(|| agent.admin("POST", "/v1/tokens/soft/check", "{}"));
        until_true("the check looks at a key", || faults.open(Function::GetAttributeValue) == 1);
        agent.admin("POST", "/v1/connectors/uk/provision", "{}").ok();
        assert_eq!(faults.open(Function::GetAttributeValue), 1, "the check was over first");
        check.join().unwrap().ok();
    });
    agent.assertion("uk").ok();
    let missing = rig.entries().iter().filter(|entry| entry.reason.as_deref() == Some("key-missing")).count();
    assert_eq!(missing, 0);
    // Nor does the next one who looks at what was kept of the survey miss it.
    let evidence = agent.admin("GET", "/v1/connectors/uk/evidence", "").json();
    assert_eq!(evidence["keys"][0]["attributes"]["local"], true, "{evidence}");
}
