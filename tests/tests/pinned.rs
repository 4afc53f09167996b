//! Only the pinned key on the known token signs: not a second token of the same label, not another key under the pinned
//! identifier, not the keys of a ledger that was lost.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tests::wait::{until, until_true};
use tests::{Agent, Reply, Rig};

#[test]
fn two_tokens_that_match_are_refused_until_one_is_gone() {
    let rig = Rig::bare().provisioned();
    let known = rig.token_folder();
    rig.init_another_token();
    let another = fs::read_dir(rig.at("tokens")).unwrap().map(|entry| entry.unwrap().path());
    let another = another.into_iter().find(|path| *path != known).unwrap();
    let agent = rig.spawn();
    agent.await_tokens("missing");
    let detail = agent.tokens()[0]["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("not exactly one token"), "{detail}");
    agent.assertion("de").refused(503, "token-unavailable");
    fs::remove_dir_all(another).unwrap();
    agent.await_signature();
}

#[test]
fn another_key_under_the_pinned_identifier_never_signs() {
    let rig = Rig::bare().provisioned();
    let id =
        rig.entries().iter().find(|entry| entry.state.as_deref() == Some("generated")).unwrap().key.clone();
    let id = id.unwrap();
    let pinned = rig.at("pinned");
    copy(&rig.token_folder(), &pinned);

    let agent = rig.start();
    agent.assertion("de").ok();
    let signatures = signatures(&rig);
    rig.pkcs11_tool(&["--delete-object", "--type", "privkey", "--id", &id]);
    rig.pkcs11_tool(&["--delete-object", "--type", "pubkey", "--id", &id]);
    rig.pkcs11_tool(&["--keypairgen", "--key-type", "rsa:2048", "--id", &id, "--label", "kunci:de"]);
    until("the other key is seen", || {
        let reply = agent.assertion("de");
        assert_ne!(reply.status, 200, "the other key signed");
        (reply.code() != "token-failed").then_some(reply)
    });
    assert!(agent.stop().success());

    // Found at the start, it is named and put on record.
    let agent = rig.spawn();
    agent.await_tokens("ready");
    until("the key is judged", || {
        let reply = agent.assertion("de");
        (reply.code() == "key-mismatch").then_some(reply)
    })
    .refused(503, "key-mismatch");
    let check = rig.kunci(&["--json", "token", "check", "soft"]);
    assert_eq!(check.status.code(), Some(1), "{check:?}");
    assert!(String::from_utf8_lossy(&check.stdout).contains(r#""standing":"mismatch""#), "{check:?}");
    let provision = rig.kunci(&["provision", "de"]);
    assert!(!provision.status.success(), "{provision:?}");
    // It is there, and no orphan: another is pinned in its place.
    let checked: serde_json::Value = serde_json::from_slice(&check.stdout).unwrap();
    let other = checked["keys"][0]["spki_sha256"].as_str().unwrap();
    provision_as(&agent, other).refused(503, "key-mismatch");
    assert!(agent.stop().success());
    assert!(!rig.postures("key-mismatch").is_empty());
    assert_eq!(self::signatures(&rig), signatures, "{:#?}", rig.entries());

    // The pinned key back, all is well.
    let place = rig.token_folder();
    fs::remove_dir_all(&place).unwrap();
    copy(&pinned, &place);
    rig.start().assertion("de").ok();
}

/// The identifier is pinned to the key of another connector, whose own key is as it should be.
#[test]
fn a_key_in_the_place_of_another_connectors_is_not_adopted() {
    let rig = Rig::bare().connector("uk", "rsa-2048", "PS256").provisioned();
    let entries = rig.entries();
    let pinned = |entry: &&ledger::Entry| {
        entry.state.as_deref() == Some("generated") && entry.connector.as_deref() == Some("uk")
    };
    let id = entries.iter().find(pinned).unwrap().key.clone().unwrap();
    rig.pkcs11_tool(&["--delete-object", "--type", "privkey", "--id", &id]);
    rig.pkcs11_tool(&["--delete-object", "--type", "pubkey", "--id", &id]);
    rig.pkcs11_tool(&["--keypairgen", "--key-type", "rsa:2048", "--id", &id, "--label", "kunci:de"]);
    rig.except(&["duplicate-label"]);
    let agent = rig.spawn();
    agent.await_surveys();
    let checked = agent.admin("POST", "/v1/tokens/soft/check", "{}").json();
    let keys = checked["keys"].as_array().unwrap();
    let other = keys.iter().find(|key| key["standing"] == "mismatch").unwrap();
    provision_as(&agent, other["spki_sha256"].as_str().unwrap()).refused(503, "key-mismatch");
    agent.assertion("de").ok();
}

#[test]
fn another_token_of_the_same_label_never_signs() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    agent.assertion("de").ok();
    let (place, away) = (rig.token_folder(), rig.at("away"));
    fs::rename(&place, &away).unwrap();
    agent.await_tokens("missing");
    rig.init_another_token();
    let another = rig.token_folder();
    until_true("the other serial is seen", || {
        let detail = agent.tokens()[0]["detail"].as_str().unwrap_or_default().to_owned();
        assert_ne!(agent.assertion("de").status, 200);
        detail.contains("was served before")
    });
    assert!(agent.stop().success());
    // A new agent knows no serial of before; it finds no pinned key there.
    let agent = rig.spawn();
    until("the key is missed", || {
        let reply = agent.assertion("de");
        assert_ne!(reply.status, 200);
        (reply.code() == "key-missing").then_some(())
    });
    assert!(agent.stop().success());
    assert!(!rig.postures("key-missing").is_empty());
    fs::rename(&another, rig.at("other")).unwrap();
    fs::rename(&away, &place).unwrap();
    rig.start().assertion("de").ok();
}

#[test]
fn keys_without_their_ledger_do_not_sign_until_somebody_adopts_them_by_name() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    agent.assertion("de").ok();
    assert!(agent.stop().success());
    let state = rig.at("state");
    fs::rename(&state, rig.at("lost")).unwrap();

    let agent = rig.spawn();
    agent.await_tokens("ready");
    until("the key is judged", || {
        let reply = agent.assertion("de");
        assert_ne!(reply.status, 200);
        (reply.code() == "orphaned-key").then_some(())
    });
    let check = rig.kunci(&["--json", "token", "check", "soft"]);
    assert_eq!(check.status.code(), Some(1), "{check:?}");
    let checked: serde_json::Value = serde_json::from_slice(&check.stdout).unwrap();
    assert_eq!(checked["keys"][0]["standing"], "orphan");
    let spki = checked["keys"][0]["spki_sha256"].as_str().unwrap().to_owned();
    let keys = checked["keys"].as_array().unwrap().len();

    provision(&agent, "{}").refused(409, "orphaned-key");
    provision_as(&agent, &"00".repeat(32)).refused(409, "no-such-orphan");
    let check: serde_json::Value =
        serde_json::from_slice(&rig.kunci(&["--json", "token", "check", "soft"]).stdout).unwrap();
    assert_eq!(check["keys"].as_array().unwrap().len(), keys, "a refusal made a key");

    rig.kunci_ok(&["provision", "de", "--adopt", "--spki-sha256", &spki]);
    agent.assertion("de").ok();
    assert!(agent.stop().success());
    rig.assert_whole();
}

fn provision(agent: &Agent, how: &str) -> Reply {
    agent.admin("POST", "/v1/connectors/de/provision", how)
}

/// Asks for the key of this digest to be adopted.
fn provision_as(agent: &Agent, digest: &str) -> Reply {
    provision(agent, &format!(r#"{{"adopt_spki_sha256":"{digest}"}}"#))
}

fn copy(from: &PathBuf, to: &PathBuf) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status().unwrap();
    assert!(copied.success());
}

/// Intents that no void takes back.
fn signatures(rig: &Rig) -> u64 {
    ledger::verify(&rig.log(), |_, _| {}).unwrap().signatures
}
