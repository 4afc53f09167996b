//! Many connectors on one token: what provisioning asks of the token for one of them does not grow with the others.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use tests::faults::{Faults, Function};
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
