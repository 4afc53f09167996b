use super::*;
use crate::samples::{self, HSM_DEVICE, HSM_LEAF, PIV_F9, PIV_LEAF};
use crate::tests::{evidence, today};
use crate::{Report, verify};

fn asked(names: [&str; 2], change: impl Fn(&mut Question)) -> Report {
    let mut question = Question::at(today());
    change(&mut question);
    let files = names.map(samples::read);
    verify(&evidence(&files.each_ref().map(Vec::as_slice)), &question)
}

fn required(names: [&str; 2], requirement: &str) -> Report {
    asked(names, |question| question.requirements = vec![requirement.parse().unwrap()])
}

#[test]
fn what_the_evidence_says_is_met() {
    for requirement in [
        "touch=never",
        "pin=always",
        "firmware>=5.2.7",
        "firmware>=4.99.0",
        "origin=generated",
        "not-exportable",
        "slot=9c",
        "slot=9C",
        "algorithm=EC P-256",
        "algorithm=ec p-256",
    ] {
        assert!(required([PIV_LEAF, PIV_F9], requirement).is_yes(), "{requirement}");
    }
}

#[test]
fn what_it_says_otherwise_or_not_at_all_makes_the_answer_no_and_keeps_the_verdict() {
    for requirement in [
        "touch=always",
        "touch=cached",
        "pin=once",
        "firmware>=5.2.8",
        "firmware>=5.10.0",
        "fips",
        "slot=9a",
        "algorithm=RSA 2048",
    ] {
        let report = required([PIV_LEAF, PIV_F9], requirement);
        assert_eq!((report.verdict, report.is_yes()), (Verdict::Proven, false), "{requirement}");
        assert_eq!(report.findings[0].code, "requirement-unmet", "{requirement}");
    }
    for requirement in ["touch=always", "touch=never", "pin=always", "fips"] {
        let report = required([HSM_LEAF, HSM_DEVICE], requirement);
        assert!(report.findings[0].message.ends_with("The evidence says: nothing of it."), "{requirement}");
    }
}

#[test]
fn a_serial_number_must_be_the_devices() {
    let serial =
        |wanted: &str| asked([PIV_LEAF, PIV_F9], |question| question.serial = Some(wanted.to_owned()));
    assert!(serial("15422467").is_yes());
    let other = serial("15422468");
    assert_eq!((other.verdict, other.findings[0].code), (Verdict::Proven, "serial-mismatch"));
    assert!(!other.is_yes());
}

#[test]
fn another_key_than_the_expected_one_contradicts() {
    let key = |name: &'static str| {
        let expected = crate::key(&samples::read(name)).unwrap();
        asked([PIV_LEAF, PIV_F9], move |question| question.key = Some(expected.clone()))
    };
    assert!(key(PIV_LEAF).is_yes());
    let other = key(PIV_F9);
    assert_eq!((other.verdict, other.findings[0].code), (Verdict::Contradicted, "key-mismatch"));
}

#[test]
fn a_known_weakness_is_a_warning_unless_none_is_allowed() {
    let tolerated = asked([PIV_LEAF, PIV_F9], |_| ());
    assert_eq!((tolerated.findings[0].code, tolerated.findings[0].level), ("eucleak", Level::Warning));
    let refused = required([PIV_LEAF, PIV_F9], "no-known-weakness");
    assert_eq!((refused.findings[0].code, refused.findings[0].level), ("eucleak", Level::Error));
    assert_eq!((refused.verdict, refused.is_yes()), (Verdict::Proven, false));
    assert!(required([HSM_LEAF, HSM_DEVICE], "no-known-weakness").is_yes(), "Ed25519 does not leak");
}

#[test]
fn a_requirement_that_is_not_known_is_refused() {
    for text in [
        "",
        "touch",
        "touch=",
        "touch=sometimes",
        "firmware>=5",
        "firmware>=5.4.x",
        "firmware=5.4.3",
        "slot=",
        "FIPS",
    ] {
        assert!(text.parse::<Requirement>().is_err(), "{text}");
    }
}

#[test]
fn a_requirement_is_shown_as_it_was_written() {
    for text in [
        "touch=cached",
        "pin=once",
        "fips",
        "firmware>=5.4.3",
        "origin=generated",
        "not-exportable",
        "no-known-weakness",
    ] {
        assert_eq!(text.parse::<Requirement>().unwrap().to_string(), text);
    }
}
