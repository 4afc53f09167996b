//! A connector with a key on each of two YubiKeys: both sign, and when one is pulled under load no request fails.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::{BTreeMap, BTreeSet};

use ledger::Kind;
use tests::piv::PivRig;
use tests::wait::until_true;
use tests::{Agent, Load};

/// Clients that ask without a pause.
const CLIENTS: usize = 6;

#[test]
fn two_yubikeys_share_a_connector_and_one_that_is_pulled_under_load_costs_no_request() {
    let rig = PivRig::new().two().no_connector().connector("de", "p-256", "ES256");
    let agent = rig.provisioned();
    agent.wait_ready();
    let load = Load::start(agent.socket(), CLIENTS);
    load.until_answered(40);
    for key in [rig.other.as_ref().unwrap(), &rig.key] {
        key.pull();
        until_true("its absence shows", || states(&agent).contains("missing"));
        load.until_answered(20);
        key.insert();
        agent.wait_ready();
        load.until_answered(20);
    }
    let took = load.stop();
    assert_eq!((took.refused, took.broken), (BTreeMap::new(), 0));
    rig.rig.assert_recorded(&took.received);

    // Each has a key and a certificate of its own, and signed its part.
    let certificates = agent.call("GET", "/v1/connectors/de/certificate", "").json();
    let keys: BTreeSet<_> =
        certificates.as_array().unwrap().iter().map(|one| one["pem"].to_string()).collect();
    assert_eq!(keys.len(), 2, "nothing is cloned: {certificates}");
    let mut signed: BTreeMap<String, usize> = BTreeMap::new();
    for entry in
        rig.rig.entries().into_iter().filter(|entry| entry.kind == Kind::Intent && entry.jti.is_some())
    {
        *signed.entry(entry.token.unwrap()).or_default() += 1;
    }
    assert!(signed.len() == 2 && signed.values().all(|count| *count > 10), "{signed:?}");
    let page = rig.rig.kunci_ok(&["status"]);
    assert!(
        page.contains("key") && page.contains("other") && page.contains(" ms") && page.contains(" %"),
        "{page}"
    );
    assert_eq!(rig.key.refused_pins() + rig.other.as_ref().unwrap().refused_pins(), 0);
}

fn states(agent: &Agent) -> BTreeSet<String> {
    agent.tokens().iter().map(|token| token["state"].as_str().unwrap().to_owned()).collect()
}
