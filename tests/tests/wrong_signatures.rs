//! A module that signs wrongly: nothing of it leaves, whatever the algorithm and whatever was to be signed. The fault module
//! flips one bit of what SoftHSM2 signed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use ledger::{Entry, Kind};
use tests::faults::{Action, Faults, Function, Times};
use tests::rig::OBJECT;
use tests::{Agent, Reply, Rig};

/// Not a bit at the edge, and one that a P-256 signature has as well.
const BIT: u64 = 300;

#[test]
fn a_wrong_signature_is_never_released_for_any_algorithm_or_message() {
    let rig = Rig::bare()
        .connector("de", "rsa-2048", "PS256")
        .connector("uk", "rsa-2048", "RS256")
        .connector("ca", "p-256", "ES256")
        .rules(RULES)
        .with_faults()
        .provisioned();
    let faults = Faults::of(&rig);
    let agent = rig.start();
    let certificates = ["de", "uk", "ca"].map(|connector| certificate(&agent, connector));
    for connector in ["de", "uk", "ca"] {
        let messages: [(&str, &dyn Fn() -> Reply); 3] = [
            ("an assertion", &|| agent.assertion(connector)),
            ("a proof", &|| proof(&agent, connector)),
            ("a certificate request", &|| provision(&agent, connector, r#"{"csr":true}"#)),
        ];
        for (what, ask) in messages {
            agent.wait_ready();
            ask().ok();
            let before = rig.entries().len();
            faults.strike(Function::Sign, Action::Flip, BIT, Times::Always);
            let struck = faults.blows(Function::Sign);
            let reply = ask();
            assert!(reply.status >= 500, "{what} of {connector}: {reply:?}");
            assert!(faults.blows(Function::Sign) > struck, "{what} of {connector} reached the token");
            assert!(
                !String::from_utf8_lossy(&reply.body).contains("eyJ"),
                "{what} of {connector}: {reply:?}"
            );
            faults.clear();
            assert_kept(&rig, before, &format!("{what} of {connector}"));
        }
    }
    agent.wait_ready();
    ["de", "uk", "ca"].iter().for_each(|connector| drop(agent.assertion(connector).ok()));
    assert_eq!(["de", "uk", "ca"].map(|connector| certificate(&agent, connector)), certificates);
    assert!(agent.stop().success());
    rig.assert_whole();
    assert!(
        rig.entries().iter().all(|entry| entry.kind != Kind::Void),
        "a signature that came back is voided"
    );
}

#[test]
fn a_good_signature_by_another_key_of_the_token_is_not_released_and_stays_on_record() {
    let rig = Rig::bare()
        .connector("de", "rsa-2048", "PS256")
        .connector("uk", "rsa-2048", "PS256")
        .with_faults()
        .provisioned();
    let faults = Faults::of(&rig);
    let agent = rig.start();
    let signatures = || ledger::verify(&rig.log(), |_, _| {}).unwrap().signatures;
    let (before, counted) = (rig.entries().len(), signatures());
    faults.strike(Function::SignInit, Action::OtherKey, 0, Times::Always);
    agent.assertion("de").refused(500, "wrong-signature");
    assert!(faults.blows(Function::SignInit) > 0);
    faults.clear();
    assert_kept(&rig, before, "an assertion by another key");
    assert_eq!(signatures(), counted + 1, "the auditor counts it");
    agent.assertion("de").ok();
    assert!(agent.stop().success());
    rig.assert_whole();
    assert!(
        rig.entries().iter().all(|entry| entry.kind != Kind::Void),
        "a signature that came back is voided"
    );
}

#[test]
fn a_certificate_with_a_wrong_signature_is_neither_stored_nor_recorded_nor_used() {
    for (key, algorithm) in [("rsa-2048", "PS256"), ("rsa-2048", "RS256"), ("p-256", "ES256")] {
        let rig = Rig::bare().connector("de", key, algorithm).with_faults();
        rig.write();
        rig.kunci_ok(&["token", "init", "soft"]);
        // The key is made, and its probe judged by the host, while the token signs rightly: the front alone is left to
        // judge the certificate.
        rig.kunci_ok(&["provision", "de", "--csr"]);
        let faults = Faults::of(&rig);
        faults.strike(Function::Sign, Action::Flip, BIT, Times::Always);
        let provision = rig.kunci(&["--json", "provision", "de"]);
        assert_eq!(provision.status.code(), Some(3), "{algorithm}: {provision:?}");
        let said = String::from_utf8_lossy(&provision.stderr);
        assert!(said.contains(r#""code":"wrong-signature""#), "{algorithm}: {said}");
        assert!(faults.blows(Function::Sign) > 0);
        faults.clear();
        assert_uncertified(&rig, algorithm);
        // The key is there, and gets its certificate once the token signs rightly.
        rig.kunci_ok(&["provision", "de"]);
        assert_eq!(states(&rig), ["generating", "generated", "certified"]);
        rig.start().assertion("de").ok();
    }
}

#[test]
fn a_key_whose_probe_is_wrong_is_asked_for_nothing_else() {
    let rig = Rig::bare().with_faults();
    rig.write();
    rig.kunci_ok(&["token", "init", "soft"]);
    let faults = Faults::of(&rig);
    faults.strike(Function::Sign, Action::Flip, BIT, Times::Always);
    let provision = rig.kunci(&["provision", "de"]);
    assert_eq!(provision.status.code(), Some(3), "{provision:?}");
    assert!(faults.blows(Function::Sign) > 0);
    faults.clear();
    assert!(rig.entries().iter().all(|entry| !matches!(entry.kind, Kind::Intent | Kind::Probe)));
    assert_uncertified(&rig, "PS256");
}

const RULES: &str = "[callers.rig]\nuser = ME\nconnectors = [\"de\", \"uk\", \"ca\"]\n[admins.rig]\nuser = ME\n\
                     may = [\"provision\", \"init\", \"proof\"]\n";

fn proof(agent: &Agent, connector: &str) -> Reply {
    let body = format!(r#"{{"object_id":"{OBJECT}","reason":"roll"}}"#);
    agent.admin("POST", &format!("/v1/connectors/{connector}/proofs"), &body)
}

fn provision(agent: &Agent, connector: &str, how: &str) -> Reply {
    agent.admin("POST", &format!("/v1/connectors/{connector}/provision"), how)
}

fn certificate(agent: &Agent, connector: &str) -> Vec<u8> {
    agent.call("GET", &format!("/v1/connectors/{connector}/certificate"), "").ok().body
}

/// The key has no certificate: not on record, not kept, and none is told.
#[track_caller]
fn assert_uncertified(rig: &Rig, algorithm: &str) {
    assert_eq!(states(rig), ["generating", "generated"], "{algorithm}");
    let kept = rig.at("state/certificates").read_dir().map_or(0, Iterator::count);
    assert_eq!(kept, 0, "{algorithm}: a certificate is kept");
    let agent = rig.spawn();
    agent.await_surveys();
    agent.call("GET", "/v1/connectors/de/certificate", "").refused(503, "uncertified");
    assert!(agent.stop().success());
}

fn states(rig: &Rig) -> Vec<String> {
    rig.entries().into_iter().filter_map(|entry| entry.state).collect()
}

/// Every intent since then stands, for a signature came back; and a posture entry with its digest says that it is wrong.
#[track_caller]
fn assert_kept(rig: &Rig, before: usize, what: &str) {
    tests::wait::until_true(&format!("the wrong signature of {what} is on record"), || {
        let entries = &rig.entries()[before..];
        let mut intents = entries.iter().filter(|entry| entry.kind == Kind::Intent).peekable();
        intents.peek().is_some() && intents.all(|intent| entries.iter().any(|entry| is_wrong(entry, intent)))
    });
}

/// Whether an entry says that the intent's signature was wrong.
fn is_wrong(entry: &Entry, intent: &Entry) -> bool {
    let names = |entry: &Entry| [&entry.connector, &entry.token, &entry.key, &entry.digest].map(Clone::clone);
    entry.reason.as_deref() == Some("wrong-signature") && names(entry) == names(intent)
}
