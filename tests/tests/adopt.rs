//! Keys that the log does not know, taken over by their digest: each keeps the certificate that customers hold, and nothing is
//! lost on the way.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
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

/// One in the state directory and another on the token: only customers know which of them is theirs.
#[test]
fn where_a_key_has_two_certificates_none_is_taken_and_none_is_lost() {
    let rig = Rig::bare().provisioned();
    let (digest, id) = (key_digest(&rig), key_id(&rig));
    let adopt = ["provision", "de", "--adopt", "--spki-sha256", &digest];
    let first = kept(&rig).pop_first().unwrap();
    lose_state(&rig);
    delete_certificate(&rig, &id);
    rig.kunci_ok(&[&adopt[..], &["--new-certificate"]].concat());
    let second = kept(&rig).pop_first().unwrap();
    fs::rename(rig.at("lost"), rig.at("lost-first")).unwrap();
    lose_state(&rig);
    fs::create_dir(rig.at("state/certificates")).unwrap();
    copy_kept(&rig, "lost-first", &first);

    let adopted = &told(&rig, &adopt)[0];
    assert_eq!((&adopted["outcome"], &adopted["certificate_sha256"]), (&"adopted".into(), &Value::Null));
    let both: BTreeSet<_> = [first.clone(), second.clone()].into();
    assert_eq!(strings(&adopted["certificates_in_doubt"]), both);
    let said = rig.kunci_ok(&["provision", "de"]);
    assert!(both.iter().all(|digest| said.contains(digest)), "{said}");
    assert_eq!(on_token(&rig), second, "what is on the token stays");
    assert_eq!(kept(&rig), both, "each has a copy");
    let agent = rig.spawn();
    agent.await_surveys();
    agent.assertion("de").refused(503, "uncertified");

    // The remedy, with the file that customers' certificate has, by its digest.
    let file = rig.at(&format!("state/certificates/de.soft.{first}.der"));
    assert!(said.contains("kunci cert install de FILE"), "{said}");
    rig.kunci_ok(&["cert", "install", "de", file.to_str().unwrap()]);
    agent.assertion("de").ok();
    assert_eq!((on_token(&rig), kept(&rig)), (first.clone(), both.clone()));
    // It was the wrong one: the other is there, and the one that the log had named goes.
    let file = rig.at(&format!("state/certificates/de.soft.{second}.der"));
    rig.kunci_ok(&["cert", "install", "de", file.to_str().unwrap()]);
    assert_eq!((on_token(&rig), kept(&rig)), (second.clone(), [second].into()));
}

/// A token that holds any number of certificates for one identifier, and a folder that is lost.
#[test]
fn of_several_certificates_on_the_token_none_is_taken_and_none_is_lost() {
    let rig = Rig::bare().provisioned();
    let (digest, id) = (key_digest(&rig), key_id(&rig));
    let mut known = kept(&rig);
    fs::write(rig.at("other.der"), other_certificate(&rig)).unwrap();
    let mut files = issued(&rig, 6);
    known.extend(files.iter().map(|file| token::Sha256::of(&fs::read(file).unwrap()).to_string()));
    files.push(rig.at("other.der"));
    for file in files {
        rig.pkcs11_tool(&["--write-object", file.to_str().unwrap(), "--type", "cert", "--id", &id]);
    }
    // The log knows which one is its own, whatever lies beside it.
    fs::remove_dir_all(rig.at("state/certificates")).unwrap();
    let agent = rig.start();
    agent.assertion("de").ok();
    assert!(agent.stop().success());

    lose_state(&rig);
    let adopt = ["provision", "de", "--adopt", "--spki-sha256", &digest];
    let adopted = &told(&rig, &adopt)[0];
    assert_eq!((&adopted["certificate_sha256"], known.len()), (&Value::Null, 7));
    assert_eq!(strings(&adopted["certificates_in_doubt"]), known);
    assert_eq!(certificates_on_token(&rig), 8, "nothing was destroyed");
    // A new one is made all the same: all stay in the folder, and what is no certificate of the key's stays where it is.
    fs::remove_dir_all(rig.at("state/certificates")).unwrap();
    rig.kunci_ok(&[&adopt[..], &["--new-certificate"]].concat());
    assert_eq!(certificates_on_token(&rig), 2);
    assert!(kept(&rig).is_superset(&known) && kept(&rig).len() == 8, "{:?}", kept(&rig));
}

/// `key` means the next key: one that customers have is taken over as it is.
#[test]
fn a_key_of_another_size_is_adopted_and_one_that_cannot_make_the_algorithm_is_not() {
    let rig = Rig::bare().provisioned();
    let (certificate, digest) = (rig.kunci_ok(&["cert", "de"]), key_digest(&rig));
    let adopt = ["--json", "provision", "de", "--adopt", "--spki-sha256", &digest];
    fs::rename(rig.at("state/log"), rig.at("lost-log")).unwrap();
    let rig = rig.connector("de", "p-256", "ES256");
    rig.write();
    let refused = rig.kunci(&adopt);
    let problem: Value = serde_json::from_slice(&refused.stderr).unwrap_or_else(|_| panic!("{refused:?}"));
    assert_eq!((refused.status.code(), &problem["code"]), (Some(1), &"key-kind".into()), "{problem}");
    assert!(!rig.entries().iter().any(|entry| entry.state.is_some()), "nothing was pinned");

    let rig = rig.connector("de", "rsa-4096", "PS256");
    rig.write();
    let adopted = &told(&rig, &adopt[1..])[0];
    assert_eq!(
        (&adopted["outcome"], &adopted["reasons"][0]["code"]),
        (&"adopted".into(), &"key-size".into())
    );
    assert_eq!(rig.kunci_ok(&["cert", "de"]), certificate, "the one that customers know");
    rig.start().assertion("de").ok();
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

/// The host finds a key by its identifier, and might find the other, whatever label that one has.
#[test]
fn a_key_that_shares_its_identifier_with_another_is_not_adopted() {
    for label in ["kunci:de", "somebody's"] {
        let rig = Rig::bare().provisioned();
        let (id, digest) = (key_id(&rig), key_digest(&rig));
        rig.pkcs11_tool(&["--keypairgen", "--key-type", "rsa:2048", "--label", label, "--id", &id]);
        rig.pkcs11_tool(&["--delete-object", "--type", "pubkey", "--id", &id]);
        lose_state(&rig);
        let checked: Value =
            serde_json::from_slice(&rig.kunci(&["--json", "token", "check", "soft"]).stdout).unwrap();
        let mut told = checked["keys"].as_array().unwrap().iter();
        assert!(
            told.any(|key| key["spki_sha256"] == digest.as_str()),
            "each tells its own modulus: {checked}"
        );
        let refused = rig.kunci(&["--json", "provision", "de", "--adopt", "--spki-sha256", &digest]);
        let problem: Value =
            serde_json::from_slice(&refused.stderr).unwrap_or_else(|_| panic!("{refused:?}"));
        let said = (refused.status.code(), &problem["code"]);
        assert_eq!(said, (Some(1), &"ambiguous-key".into()), "{label}: {problem}");
        // By the identifier it may be the wrong one that is destroyed.
        assert!(problem["detail"].as_str().unwrap().contains("by its public key"), "{problem}");
        assert!(!rig.entries().iter().any(|entry| entry.state.is_some()), "nothing was pinned");
    }
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

/// So many certificates that a CA issued for the rig's key.
fn issued(rig: &Rig, count: usize) -> Vec<PathBuf> {
    fs::write(rig.at("de.pem"), rig.kunci_ok(&["cert", "de"])).unwrap();
    openssl(rig, "x509 -in de.pem -pubkey -noout -out de.key");
    openssl(rig, "req -x509 -newkey rsa:2048 -nodes -subj /CN=CA -keyout ca.key -out ca.pem");
    openssl(rig, "req -new -key ca.key -subj /CN=de -out any.csr");
    let issue = |serial: usize| {
        let what = "x509 -req -in any.csr -force_pubkey de.key -CA ca.pem -CAkey ca.key -outform DER";
        openssl(rig, &format!("{what} -set_serial {serial} -out {serial}.der"));
        rig.at(&format!("{serial}.der"))
    };
    (1..=count).map(issue).collect()
}

fn openssl(rig: &Rig, arguments: &str) {
    let output = Command::new("openssl").current_dir(rig.at(".")).args(arguments.split(' ')).output();
    let output = output.unwrap();
    assert!(output.status.success(), "openssl {arguments}: {output:?}");
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

/// The digests of the certificates in the state directory.
fn kept(rig: &Rig) -> BTreeSet<String> {
    let names = fs::read_dir(rig.at("state/certificates")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.map(|name| name.split('.').nth(2).unwrap().to_owned()).collect()
}

/// Puts a certificate back that an older state directory had.
fn copy_kept(rig: &Rig, from: &str, digest: &str) {
    let name = format!("certificates/de.soft.{digest}.der");
    fs::copy(rig.at(from).join(&name), rig.at("state").join(&name)).unwrap();
}

/// The digest of the only certificate on the token, as OpenSC reads it.
fn on_token(rig: &Rig) -> String {
    assert_eq!(certificates_on_token(rig), 1);
    let out = rig.at("on-token.der");
    rig.pkcs11_tool(&["--read-object", "--type", "cert", "--label", "kunci:de", "-o", out.to_str().unwrap()]);
    token::Sha256::of(&fs::read(out).unwrap()).to_string()
}

fn certificates_on_token(rig: &Rig) -> usize {
    rig.pkcs11_tool(&["--list-objects", "--type", "cert"]).matches("Certificate Object").count()
}

fn strings(list: &Value) -> BTreeSet<String> {
    list.as_array().into_iter().flatten().map(|one| one.as_str().unwrap().to_owned()).collect()
}
