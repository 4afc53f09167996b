//! Keys that the log does not know, taken over by their digest: each keeps the certificate that customers hold, and nothing is
//! lost on the way.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::process::Command;

use serde_json::Value;
use tests::Rig;
use tests::wait::until_true;

#[test]
fn a_lost_state_directory_signs_nothing_until_each_key_is_adopted_by_its_digest() {
    let rig = Rig::bare().provisioned();
    let certificate = rig.kunci_ok(&["cert", "de"]);
    let digest = key_digest(&rig);
    lose_state(&rig);

    let agent = rig.spawn();
    until_true("the token is surveyed", || agent.assertion("de").code() == "orphaned-key");
    let checked = rig.kunci(&["--json", "token", "check", "soft"]);
    assert_eq!(checked.status.code(), Some(1), "{checked:?}");
    let checked: Value = serde_json::from_slice(&checked.stdout).unwrap();
    assert_eq!(
        (&checked["keys"][0]["standing"], &checked["keys"][0]["spki_sha256"]),
        (&"orphan".into(), &digest.as_str().into())
    );
    let adopt = |digest: &str| rig.kunci(&["provision", "de", "--adopt", "--spki-sha256", digest]);
    assert_eq!(adopt(&"00".repeat(32)).status.code(), Some(1));
    assert_eq!(adopt("no digest").status.code(), Some(2));

    // The remedy, as it is printed: it brings back what customers have, and makes nothing.
    let refused = rig.kunci(&["provision", "de"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains(&digest), "{said}");
    let heeded = rig.heed(&said, &["provision", "de", "--adopt"]);
    assert!(heeded.status.success(), "{heeded:?}");
    agent.assertion("de").ok();
    assert_eq!(rig.kunci_ok(&["cert", "de"]), certificate, "the one that customers know");
    assert_eq!(key_digest(&rig), digest, "the very key was adopted");
    let adopted = rig.entries().into_iter().find(|entry| entry.reason.as_deref() == Some("adopted")).unwrap();
    assert_eq!((adopted.state.as_deref(), adopted.spki_sha256), (Some("generated"), Some(digest)));
}

/// A token without room for certificates, or one that lost them.
#[test]
fn an_adopted_key_keeps_the_certificate_that_only_its_folder_has() {
    let rig = Rig::bare().provisioned();
    let (certificate, digest, id) = (rig.kunci_ok(&["cert", "de"]), key_digest(&rig), key_id(&rig));
    delete_certificate(&rig, &id);
    // The log alone is lost.
    fs::rename(rig.at("state/log"), rig.at("lost-log")).unwrap();
    rig.kunci_ok(&["provision", "de", "--adopt", "--spki-sha256", &digest]);
    assert_eq!(rig.kunci_ok(&["cert", "de"]), certificate, "the one that customers know");
    rig.start().assertion("de").ok();
}

#[test]
fn an_adopted_key_without_a_certificate_waits_and_gets_a_new_one_only_when_it_is_asked_for() {
    let rig = Rig::bare().provisioned();
    let (certificate, digest, id) = (rig.kunci_ok(&["cert", "de"]), key_digest(&rig), key_id(&rig));
    let adopt = ["provision", "de", "--adopt", "--spki-sha256", &digest];
    lose_state(&rig);
    delete_certificate(&rig, &id);
    // A certificate of another key is none of this one's.
    fs::create_dir(rig.at("state/certificates")).unwrap();
    fs::write(rig.at("state/certificates/de.soft.00.der"), other_certificate(&rig)).unwrap();
    let said = rig.kunci_ok(&adopt);
    assert!(said.contains("kunci cert install de FILE") && said.contains("--new-certificate"), "{said}");
    let agent = rig.spawn();
    agent.await_surveys();
    for again in [&adopt[..], &["provision", "--all"]] {
        rig.kunci_ok(again);
        agent.assertion("de").refused(503, "uncertified");
    }
    let days = rig.kunci(&[&adopt[..], &["--days", "30"]].concat());
    assert_eq!(days.status.code(), Some(2), "days of a certificate that is not made: {days:?}");

    rig.kunci_ok(&[&adopt[..], &["--new-certificate"]].concat());
    agent.assertion("de").ok();
    assert_ne!(rig.kunci_ok(&["cert", "de"]), certificate);
    // Now customers hold that one, so another is not made over it.
    let refused = rig.kunci(&[&["--json"], &adopt[..], &["--new-certificate"]].concat());
    let problem: Value = serde_json::from_slice(&refused.stderr).unwrap();
    assert_eq!((refused.status.code(), &problem["code"]), (Some(1), &"has-certificate".into()), "{problem}");
}

#[test]
fn on_several_tokens_each_outcome_is_told_and_one_without_the_key_fails_nothing() {
    let rig = Rig::bare().second_token().provisioned();
    let before: Vec<Value> = told(&rig, &["provision", "de"]);
    let certificates = rig.kunci_ok(&["cert", "de"]);
    lose_state(&rig);
    let agent = rig.spawn();
    agent.await_surveys();
    for (at, other) in [(0, 1), (1, 0)] {
        let digest = before[at]["spki_sha256"].as_str().unwrap();
        let adopted = told(&rig, &["provision", "de", "--adopt", "--spki-sha256", digest]);
        assert_eq!((adopted.len(), &adopted[at]["outcome"]), (2, &"adopted".into()), "{adopted:?}");
        let outcome = if at == 0 { "nothing-to-adopt" } else { "unchanged" };
        assert_eq!(adopted[other]["outcome"], outcome, "{adopted:?}");
        if at == 0 {
            // What is said of the other token's key is how to take it over, not how to destroy it.
            let said = rig.kunci(&["provision", "de", "--adopt", "--spki-sha256", digest]);
            let said = String::from_utf8(said.stderr).unwrap();
            assert!(said.contains(before[1]["spki_sha256"].as_str().unwrap()), "{said}");
            assert!(!said.contains("destroy"), "{said}");
        }
    }
    agent.wait_ready();
    assert_eq!(rig.kunci_ok(&["cert", "de"]), certificates, "on both, the one that customers know");
}

#[test]
fn a_key_that_waits_for_its_ca_gets_no_certificate_while_another_tokens_key_is_adopted() {
    let rig = Rig::bare().second_token();
    rig.write();
    for token in ["soft", "second"] {
        rig.kunci_ok(&["token", "init", token]);
    }
    let waiting: Vec<Value> = told(&rig, &["provision", "de", "--csr"]);
    let digest = waiting[0]["spki_sha256"].as_str().unwrap();
    lose_state(&rig);
    told(&rig, &["provision", "de", "--adopt", "--spki-sha256", digest]);
    let other = waiting[1]["spki_sha256"].as_str().unwrap();
    for flags in [&[][..], &["--new-certificate"]] {
        let adopt = ["provision", "de", "--adopt", "--spki-sha256", other];
        let adopted = told(&rig, &[&adopt[..], flags].concat());
        assert_eq!(adopted[0]["certificate_sha256"], Value::Null, "{adopted:?}");
    }
}

#[test]
fn where_one_token_cannot_be_asked_the_others_outcomes_are_told_all_the_same() {
    let rig = Rig::bare().second_token().provisioned();
    let digest = key_digest(&rig);
    lose_state(&rig);
    fs::rename(rig.at("tokens-2"), rig.at("away")).unwrap();
    let refused = rig.kunci(&["provision", "de", "--adopt", "--spki-sha256", &digest]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(3), "{said}");
    assert!(said.contains("The token second is not available") && said.contains("soft: adopted"), "{said}");
}

/// The host finds a key by its identifier, and might find the other.
#[test]
fn a_key_that_shares_its_identifier_with_another_is_not_adopted() {
    let rig = Rig::bare().provisioned();
    let id = key_id(&rig);
    rig.pkcs11_tool(&["--keypairgen", "--key-type", "rsa:2048", "--label", "kunci:de", "--id", &id]);
    rig.pkcs11_tool(&["--delete-object", "--type", "pubkey", "--id", &id]);
    lose_state(&rig);
    let checked: Value =
        serde_json::from_slice(&rig.kunci(&["--json", "token", "check", "soft"]).stdout).unwrap();
    let digest = checked["keys"][0]["spki_sha256"].as_str().unwrap();
    assert_eq!(checked["keys"][1]["key"], checked["keys"][0]["key"]);
    assert_ne!(checked["keys"][1]["spki_sha256"], digest, "each tells its own modulus");
    let refused = rig.kunci(&["--json", "provision", "de", "--adopt", "--spki-sha256", digest]);
    let problem: Value = serde_json::from_slice(&refused.stderr).unwrap_or_else(|_| panic!("{refused:?}"));
    assert_eq!((refused.status.code(), &problem["code"]), (Some(1), &"ambiguous-key".into()), "{problem}");
    assert!(!rig.entries().iter().any(|entry| entry.state.is_some()), "nothing was pinned");
}

fn lose_state(rig: &Rig) {
    fs::rename(rig.at("state"), rig.at("lost")).unwrap();
    fs::DirBuilder::new().mode(0o700).create(rig.at("state")).unwrap();
}

/// What a command that must succeed prints, as objects.
fn told(rig: &Rig, arguments: &[&str]) -> Vec<Value> {
    let lines = rig.kunci_ok(&[&["--json"], arguments].concat());
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A certificate of a key that has nothing to do with the rig's, DER.
fn other_certificate(rig: &Rig) -> Vec<u8> {
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other", "-outform", "DER"]);
    let output = command.arg("-keyout").arg(rig.at("other.key")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

/// Of the key on the first token.
fn key_digest(rig: &Rig) -> String {
    told(rig, &["provision", "de"])[0]["spki_sha256"].as_str().unwrap().to_owned()
}

/// The CKA_ID of the key on the first token, as its log has it.
fn key_id(rig: &Rig) -> String {
    let entries = rig.entries();
    let made = entries.iter().find(|entry| entry.state.as_deref() == Some("generated"));
    made.unwrap().key.clone().unwrap()
}

fn delete_certificate(rig: &Rig, id: &str) {
    rig.pkcs11_tool(&["--delete-object", "--type", "cert", "--id", id]);
}
