//! Bundles: two keys in two TPMs, each with a challenge of its own; and what is no bundle alone.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;

use attest::bundle::BundleReport;
use attest::tpm::{Answer, Public};
use attest::{Anchor, Evidence, Grade, Outcome, Question, Sha256, Verdict, answer, verify};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

fn file(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tpm").join(name)).unwrap()
}

/// A key of a bundle, with a TPM's evidence.
fn key(token: &str, recorded: &str) -> Value {
    let tpm2: Value = serde_json::from_slice(&file(&format!("{recorded}.json"))).unwrap();
    let public = STANDARD.decode(tpm2["key_public"].as_str().unwrap()).unwrap();
    let spki_sha256 = Sha256::of(&Public::parse(&public).unwrap().spki()).to_string();
    json!({ "token": token, "key": "07", "spki_sha256": spki_sha256, "tpm2": tpm2 })
}

fn bundle(keys: &[Value]) -> Vec<u8> {
    serde_json::to_vec(&json!({ "format": "kunci-evidence/1", "connector": "de", "keys": keys })).unwrap()
}

fn question(answers: &[&str]) -> Question {
    let answer = |name: &&str| Answer::from_json(&file(&format!("{name}.answer.json"))).unwrap();
    Question {
        roots: Anchor::given(&file("swtpm-root.pem")).unwrap(),
        answers: answers.iter().map(answer).collect(),
        ..Question::at("2026-11-25T00:00:00Z".parse().unwrap())
    }
}

fn evidence(files: &[&[u8]]) -> Evidence {
    let mut evidence = Evidence::new();
    files.iter().for_each(|file| evidence.add(file).unwrap());
    evidence
}

fn judged(answers: &[&str]) -> BundleReport {
    let bundle = bundle(&[key("frankfurt", "rsa"), key("london", "ecc")]);
    match answer(&evidence(&[&bundle]), &question(answers)).unwrap() {
        Outcome::Bundle(report) => report,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_of_two_tpms_is_proven_by_its_own_challenge_in_whatever_order() {
    for answers in [["rsa", "ecc"], ["ecc", "rsa"]] {
        let report = judged(&answers);
        assert!(report.is_yes(), "{report:?}");
        assert_eq!(report.verdict, Verdict::Proven);
    }
    let one = judged(&["rsa"]);
    assert_eq!(one.keys[0].report.verdict, Verdict::Proven);
    assert_ne!(one.keys[1].report.verdict, Verdict::Proven, "its challenge is missing");
    assert!(!one.is_yes() && !judged(&[]).is_yes());
}

#[test]
fn what_is_proven_to_be_in_a_program_is_software() {
    let report = judged(&["rsa", "ecc"]);
    assert_eq!(report.grade, Some(Grade::Software));
    for key in &report.keys {
        assert_eq!((key.grade, key.report.verdict), (Grade::Software, Verdict::Proven));
        let codes: Vec<&str> = key.report.findings.iter().map(|finding| finding.code).collect();
        assert!(codes.contains(&"software-tpm") && !codes.contains(&"asserted"), "{codes:?}");
    }
}

#[test]
fn a_bundle_is_never_taken_for_the_evidence_of_one_key() {
    let bundle = bundle(&[key("frankfurt", "rsa")]);
    let report = verify(&evidence(&[&bundle]), &question(&["rsa"]));
    assert_eq!((report.verdict, report.findings[0].code), (Verdict::Unattested, "bundle-not-alone"));
    // Nor is anything beside it left unread.
    let (tpm, other) = (file("rsa.json"), self::bundle(&[key("london", "ecc")]));
    let leaf = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds/yubico/hsm")).unwrap();
    for (files, code) in [
        ([&bundle[..], &file("ek.der")[..]], None),
        ([&bundle[..], &tpm[..]], Some("bundle-not-alone")),
        ([&bundle[..], &other[..]], Some("bundle-not-alone")),
        ([&bundle[..], &leaf[..]], Some("bundle-not-alone")),
    ] {
        match answer(&evidence(&files), &question(&["rsa"])).unwrap() {
            Outcome::Bundle(report) => assert!(code.is_none() && report.is_yes(), "{report:?}"),
            Outcome::Key(report) => assert_eq!(Some(report.findings[0].code), code),
            Outcome::Keys(report) => panic!("{report:?}"),
        }
    }
}
