//! Evidence of TPMs: recorded from swtpm with three kinds of endorsement key, and every way to spoil it.
//!
//! `rsa` and `ecc` (P-384) are TPM2_Certify over keys of tpm2-pkcs11, `creation` (P-256) is TPM2_CertifyCreation. The
//! answers are of challenges that are spent.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};

use attest::tpm::{Answer, ChallengeError, Creation, Endorsement, Public, Signature, Statement, TpmEvidence};
use attest::{Anchor, Evidence, Outcome, PublicKey, Question, Report, Verdict, verify};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

const RECORDED: [(&str, &str); 3] =
    [("rsa", "swtpm-root.pem"), ("ecc", "swtpm-root.pem"), ("creation", "creation-root.pem")];
/// Every member that holds bytes that somebody signed, or that a signature speaks of.
const PARTS: [&str; 6] = ["ak_public", "key_public", "statement", "signature", "creation_data", "activated"];

fn file(name: &str) -> Vec<u8> {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tpm");
    fs::read(folder.join(name)).unwrap()
}

fn recorded(name: &str) -> Value {
    serde_json::from_slice(&file(&format!("{name}.json"))).unwrap()
}

fn answer(name: &str) -> Answer {
    Answer::from_json(&file(&format!("{name}.answer.json"))).unwrap()
}

fn question(name: &str, root: &str) -> Question {
    Question {
        roots: Anchor::given(&file(root)).unwrap(),
        answers: vec![answer(name)],
        ..Question::at("2026-11-25T00:00:00Z".parse().unwrap())
    }
}

fn ask(evidence: &Value, question: &Question) -> Report {
    let mut held = Evidence::new();
    held.add(&serde_json::to_vec(evidence).unwrap()).unwrap();
    verify(&held, question)
}

fn codes(report: &Report) -> Vec<&str> {
    report.findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn recorded_evidence_is_proven_under_its_root_and_says_where_the_key_was_made() {
    for (name, root) in RECORDED {
        let report = ask(&recorded(name), &question(name, root));
        assert!(report.is_yes(), "{name}: {report:?}");
        assert_eq!((report.origin, report.exportable), (Some("generated"), Some(false)), "{name}");
        assert_eq!(report.vendor.as_deref(), Some("swtpm"));
        assert!(report.software, "proven to be in a program");
        assert_eq!(report.firmware, None, "swtpm says a date");
        assert_eq!(codes(&report), ["software-tpm", "given-root", "object-attributes"], "{name}");
    }
}

#[test]
fn of_several_challenges_each_evidence_finds_its_own_in_any_order() {
    for (name, root) in RECORDED {
        for order in [["rsa", "ecc", "creation"], ["creation", "ecc", "rsa"]] {
            let question = Question { answers: order.map(answer).to_vec(), ..question(name, root) };
            assert!(ask(&recorded(name), &question).is_yes(), "{name} of {order:?}");
        }
    }
}

#[test]
fn without_a_given_root_swtpm_proves_nothing() {
    for (name, _) in RECORDED {
        let question = Question { roots: Vec::new(), ..question(name, "swtpm-root.pem") };
        let report = ask(&recorded(name), &question);
        assert_eq!(report.verdict, Verdict::Unattested, "{name}: {report:?}");
    }
}

#[test]
fn a_root_of_another_maker_proves_nothing() {
    let report = ask(&recorded("creation"), &question("creation", "swtpm-root.pem"));
    assert_eq!(report.verdict, Verdict::Unattested, "{report:?}");
}

#[test]
fn without_the_auditors_own_file_the_key_is_asserted() {
    for (name, root) in RECORDED {
        let report = ask(&recorded(name), &Question { answers: Vec::new(), ..question(name, root) });
        assert_eq!(report.verdict, Verdict::Unattested, "{name}");
        assert!(codes(&report).contains(&"no-challenge"), "{report:?}");
    }
}

#[test]
fn evidence_without_an_opened_secret_is_asserted() {
    let mut evidence = recorded("rsa");
    evidence.as_object_mut().unwrap().remove("activated");
    let report = ask(&evidence, &question("rsa", "swtpm-root.pem"));
    assert_eq!((report.verdict, codes(&report).contains(&"no-challenge")), (Verdict::Unattested, true));
}

#[test]
fn the_answer_to_another_challenge_contradicts() {
    let report = ask(
        &recorded("rsa"),
        &Question { answers: vec![answer("ecc")], ..question("rsa", "swtpm-root.pem") },
    );
    assert_eq!(report.verdict, Verdict::Contradicted);
    for code in ["other-endorsement-key", "other-attestation-key", "challenge-failed", "nonce-mismatch"] {
        assert!(codes(&report).contains(&code), "{code}: {report:?}");
    }
}

/// Each link alone: everything else stays as it was.
#[test]
fn a_part_of_other_evidence_contradicts() {
    for part in ["ak_public", "key_public", "statement", "signature", "ek_certificates", "activated"] {
        let mut evidence = recorded("rsa");
        evidence[part] = recorded("ecc")[part].clone();
        let report = ask(&evidence, &question("rsa", "swtpm-root.pem"));
        assert_eq!(report.verdict, Verdict::Contradicted, "{part}: {report:?}");
    }
}

#[test]
fn no_changed_byte_stays_proven() {
    for (name, root) in RECORDED {
        let (evidence, question) = (recorded(name), question(name, root));
        let mut tried = 0;
        for (at, bytes) in bytes(&evidence) {
            for index in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[index] ^= 1 << (index % 8);
                let report = ask(&with(&evidence, &at, &changed), &question);
                assert!(report.verdict != Verdict::Proven, "{name}: byte {index} of {at}");
                tried += 1;
            }
        }
        assert!(tried > 1_000, "only {tried} changes were tried");
    }
}

#[test]
fn nothing_that_is_cut_short_or_goes_on_stays_proven() {
    for (name, root) in RECORDED {
        let (evidence, question) = (recorded(name), question(name, root));
        for (at, bytes) in bytes(&evidence) {
            for length in (0..bytes.len()).step_by(7) {
                let report = ask(&with(&evidence, &at, &bytes[..length]), &question);
                assert!(report.verdict != Verdict::Proven, "{name}: {length} bytes of {at}");
            }
            let longer = [&bytes[..], &[7]].concat();
            assert!(
                ask(&with(&evidence, &at, &longer), &question).verdict != Verdict::Proven,
                "{name}: {at}"
            );
        }
    }
}

#[test]
fn certificates_filled_up_as_in_a_tpms_memory_are_read() {
    let evidence = recorded("rsa");
    let first = STANDARD.decode(evidence["ek_certificates"][0].as_str().unwrap()).unwrap();
    for filling in [0x00, 0xff] {
        let filled = [&first[..], &[filling; 40]].concat();
        let report = ask(&with(&evidence, "ek_certificates", &filled), &question("rsa", "swtpm-root.pem"));
        assert!(report.is_yes(), "{report:?}");
    }
}

#[test]
fn more_than_evidence_needs_is_refused() {
    let question = question("rsa", "swtpm-root.pem");
    let mut evidence = recorded("rsa");
    let certificates = vec![evidence["ek_certificates"][0].clone(); 9];
    evidence["ek_certificates"] = Value::Array(certificates);
    assert_eq!(ask(&evidence, &question).verdict, Verdict::Malformed);
    let mut evidence = recorded("rsa");
    evidence["statement"] = Value::String(STANDARD.encode(vec![0; 5_000]));
    assert_eq!(ask(&evidence, &question).verdict, Verdict::Malformed);
    let mut evidence = recorded("rsa");
    evidence["believe_me"] = Value::Bool(true);
    assert_eq!(ask(&evidence, &question).verdict, Verdict::Malformed);
    assert!(TpmEvidence::from_json(b"{\"format\":\"kunci-tpm/2\"}").is_err());
}

#[test]
fn a_challenge_is_made_only_to_a_key_that_signs_nothing_from_outside() {
    let endorsement = Endorsement::from_public(&Public::parse(&file("ek.pub")).unwrap()).unwrap();
    let sound = file("ak.pub");
    assert!(endorsement.challenge(&Public::parse(&sound).unwrap()).is_ok());
    // The attributes are bytes 6 to 9: after the size, the type and the digest of the name.
    for (byte, bit, promise) in [
        (7, 0x01, "restricted"),
        (9, 0x02, "fixed"),
        (9, 0x10, "fixed"),
        (9, 0x20, "made inside"),
        (7, 0x04, "sign"),
    ] {
        let mut changed = sound.clone();
        changed[byte] &= !bit;
        let refused = endorsement.challenge(&Public::parse(&changed).unwrap()).unwrap_err();
        assert!(matches!(refused, ChallengeError::NotAttesting(..)));
        assert!(refused.to_string().contains(promise), "{refused}");
    }
}

#[test]
fn two_challenges_share_nothing_and_the_public_half_does_not_hold_the_secret() {
    let endorsement = Endorsement::from_spki(attest::key(&file("ek.der")).unwrap().spki()).unwrap();
    let ak = Public::parse(&file("ak.pub")).unwrap();
    let [(first, answer), (second, _)] = [(); 2].map(|()| endorsement.challenge(&ak).unwrap());
    assert_ne!(first.nonce, second.nonce);
    assert_ne!(first.encrypted_secret, second.encrypted_secret);
    let secret: Value = serde_json::from_slice(&answer.to_json()).unwrap();
    let secret = secret["secret"].as_str().unwrap();
    assert!(answer.opens(secret) && !answer.opens(&first.nonce));
    assert!(!serde_json::to_string(&first).unwrap().contains(secret));
    assert!(!format!("{answer:?}").contains(secret));
}

proptest::proptest! {
    #[test]
    fn whatever_the_bytes_are_they_are_read_or_refused(bytes in proptest::collection::vec(0_u8.., 0..600), cut in 0_usize..400) {
        let _ = (Public::parse(&bytes), Statement::parse(&bytes), Signature::parse(&bytes), Creation::parse(&bytes));
        // Beyond the first words, which seldom are right by chance.
        for part in ["key_public", "statement", "signature", "creation_data"] {
            let real = STANDARD.decode(recorded("creation")[part].as_str().unwrap()).unwrap();
            let spoilt = [&real[..cut.min(real.len())], &bytes].concat();
            let _ = (Public::parse(&spoilt), Statement::parse(&spoilt), Signature::parse(&spoilt), Creation::parse(&spoilt));
        }
    }
}

/// Every member of bytes, as bytes.
fn bytes(evidence: &Value) -> Vec<(String, Vec<u8>)> {
    let certificate = evidence["ek_certificates"][0].as_str().unwrap();
    let mut found = vec![("ek_certificates".to_owned(), STANDARD.decode(certificate).unwrap())];
    for part in PARTS {
        if let Some(text) = evidence[part].as_str() {
            let decoded = STANDARD.decode(text).unwrap_or_default();
            let bytes = if part == "activated" { text.as_bytes().to_vec() } else { decoded };
            found.push((part.to_owned(), bytes));
        }
    }
    found
}

/// The evidence with other bytes in one member.
fn with(evidence: &Value, part: &str, bytes: &[u8]) -> Value {
    let mut changed = evidence.clone();
    match part {
        "ek_certificates" => changed[part][0] = Value::String(STANDARD.encode(bytes)),
        "activated" => changed[part] = Value::String(String::from_utf8_lossy(bytes).into_owned()),
        _ => changed[part] = Value::String(STANDARD.encode(bytes)),
    }
    changed
}

#[test]
fn a_signature_scheme_that_is_not_judged_leaves_the_key_unattested() {
    let evidence = recorded("rsa");
    let signature = STANDARD.decode(evidence["signature"].as_str().unwrap()).unwrap();
    // TPM_ALG_SM2 with SHA-256.
    let other = [&[0x00, 0x1b], &signature[2..]].concat();
    let report = ask(&with(&evidence, "signature", &other), &question("rsa", "swtpm-root.pem"));
    assert_eq!((report.verdict, report.findings[0].code), (Verdict::Unattested, "unsupported"), "{report:?}");
}

fn held(files: &[Vec<u8>]) -> Evidence {
    let mut held = Evidence::new();
    files.iter().for_each(|file| held.add(file).unwrap());
    held
}

fn key_of(name: &str) -> PublicKey {
    let public = STANDARD.decode(recorded(name)["key_public"].as_str().unwrap()).unwrap();
    PublicKey::from_spki(&Public::parse(&public).unwrap().spki()).unwrap()
}

fn of_two() -> Question {
    Question { answers: vec![answer("ecc"), answer("rsa")], ..question("rsa", "swtpm-root.pem") }
}

#[test]
fn of_two_tpms_files_the_one_is_judged_that_is_asked_about() {
    let both = held(&["rsa", "ecc"].map(|name| file(&format!("{name}.json"))));
    for name in ["rsa", "ecc"] {
        let question = Question { key: Some(key_of(name)), ..of_two() };
        match attest::answer(&both, &question).unwrap() {
            Outcome::Key(report) => {
                assert!(report.is_yes(), "{report:?}");
                assert_eq!(report.public_key_sha256, Some(key_of(name).sha256()));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_key_named_beside_the_tpms_files_that_prove_it_is_attested() {
    let mut files = vec![file("rsa.json"), file("ecc.json")];
    files.extend(["rsa", "ecc"].map(|name| key_of(name).spki().to_vec()));
    let outcome = attest::answer(&held(&files), &of_two()).unwrap();
    let Outcome::Keys(report) = &outcome else { panic!("{outcome:?}") };
    assert!(outcome.is_yes() && report.keys.len() == 2 && report.findings.is_empty(), "{report:?}");
    // One that cannot be read is no key's, and is not passed over.
    files[1] = br#"{"format":"kunci-tpm/1"}"#.to_vec();
    let outcome = attest::answer(&held(&files), &of_two()).unwrap();
    let Outcome::Keys(report) = &outcome else { panic!("{outcome:?}") };
    assert_eq!((outcome.is_yes(), report.verdict), (false, Verdict::Malformed));
}

#[test]
fn a_certificate_of_no_part_in_a_tpms_evidence_is_told_and_changes_nothing() {
    let question = question("rsa", "swtpm-root.pem");
    let told = |files: &[Vec<u8>]| {
        let report = verify(&held(files), &question);
        assert!(report.is_yes(), "{report:?}");
        report.findings.iter().filter(|one| one.code == "unrelated-certificate").count()
    };
    let chain = [file("rsa.json"), file("swtpm-root.pem")];
    assert_eq!(told(&chain), 0, "what is on the path has a part in it");
    assert_eq!(told(&[&chain[..], &[file("creation-root.pem")]].concat()), 1);
    // One that the vendor's file itself brings, behind the endorsement key's.
    let mut evidence = recorded("rsa");
    let other = recorded("ecc")["ek_certificates"][0].clone();
    evidence["ek_certificates"].as_array_mut().unwrap().push(other);
    assert_eq!(told(&[serde_json::to_vec(&evidence).unwrap()]), 1);
}
