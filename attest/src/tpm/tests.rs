//! What a certificate says of a TPM, and weak keys anywhere in a TPM's evidence. Recorded evidence is in `tests/tpm.rs`.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{Device, Public, PublicPart};
use crate::test_certs::{Draft, Signer, seq, tlv};
use crate::weakness::tests::{rsa, weak_modulus};
use crate::{Anchor, Certificate, Evidence, Firmware, Level, Question, Report, Verdict, verify};

/// The certificate of an endorsement key that says this of its TPM.
fn certificate(manufacturer: &str, model: &str, version: &str) -> Certificate {
    let said = [(1, manufacturer), (2, model), (3, version)];
    // 2.23.133.2.1 to .3, in a directory name.
    let attribute = |(arc, text): (u8, &str)| {
        seq(&[tlv(0x06, &[0x67, 0x81, 0x05, 0x02, arc]), tlv(0x0c, text.as_bytes())])
    };
    let sets: Vec<Vec<u8>> = said.map(attribute).iter().map(|one| tlv(0x31, one)).collect();
    let name = seq(&[tlv(0xa4, &seq(&sets))]);
    let key = Signer::p256();
    Draft::new("an endorsement key", "a maker", key.spki()).with(&[0x55, 0x1d, 0x11], true, &name).sign(&key)
}

#[test]
fn programs_that_play_a_tpm_are_told_by_maker_or_model() {
    for (manufacturer, model) in [
        ("id:00001014", "swtpm"),
        ("id:49424D00", "SW   TPM"),
        ("id:564D5700", "VMware TPM2"),
        ("id:474F4F47", "vTPM"),
        ("id:4D534654", "xCG fTPM"),
        ("id:49465800", "TPM Simulator"),
    ] {
        assert!(Device::of(&certificate(manufacturer, model, "id:00010002")).is_software(), "{model}");
    }
    for (manufacturer, model) in
        [("id:49465800", "SLB9670"), ("id:53544D20", "ST33HTPH"), ("id:494E5443", "CNL")]
    {
        assert!(!Device::of(&certificate(manufacturer, model, "id:00010002")).is_software(), "{model}");
    }
}

#[test]
fn firmware_is_what_the_certificate_says_and_absent_where_it_says_none() {
    let firmware = |version| Device::of(&certificate("id:49465800", "SLB9670", version)).firmware();
    assert_eq!(firmware("id:00070055"), Some(Firmware(7, 85, 0)));
    assert_eq!(firmware("id:20191023"), None, "swtpm's is a date");
    assert_eq!(firmware("7.85"), None);
    assert_eq!(
        Device::of(&Draft::new("bare", "a maker", Signer::p256().spki()).sign(&Signer::p256())).firmware(),
        None
    );
}

/// Evidence that was recorded from swtpm, with one member changed.
fn judged(member: &str, change: impl Fn(Vec<u8>) -> Vec<u8>, roots: Vec<Anchor>) -> Report {
    asked("rsa", member, change, &Question { roots, ..Question::at(crate::tests::today()) })
}

fn asked(name: &str, member: &str, change: impl Fn(Vec<u8>) -> Vec<u8>, question: &Question) -> Report {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tpm").join(format!("{name}.json"));
    let mut recorded: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let place = match member {
        "ek_certificates" => &mut recorded[member][0],
        _ => &mut recorded[member],
    };
    let bytes = STANDARD.decode(place.as_str().unwrap()).unwrap();
    *place = Value::String(STANDARD.encode(change(bytes)));
    let mut evidence = Evidence::new();
    evidence.add(&serde_json::to_vec(&recorded).unwrap()).unwrap();
    verify(&evidence, question)
}

#[test]
fn a_point_off_the_curve_is_refused_by_name_in_a_tpms_words_and_its_makers() {
    let off = |mut bytes: Vec<u8>| {
        *bytes.last_mut().unwrap() ^= 1;
        bytes
    };
    let certificate = |_| {
        let key = Signer::p256();
        Draft::new("an endorsement key", "a maker", off(key.spki())).der(&key)
    };
    let question = Question::at(crate::tests::today());
    for report in
        [asked("ecc", "key_public", off, &question), asked("ecc", "ek_certificates", certificate, &question)]
    {
        let finding = &report.findings[0];
        assert_eq!((report.verdict, finding.code), (Verdict::Malformed, "malformed"));
        assert!(finding.message.contains("no point on the curve P-256"), "{}", finding.message);
    }
}

#[test]
fn ecdsa_of_a_tpm_that_is_not_known_to_be_mended_is_a_warning_unless_no_weakness_is_allowed() {
    let level = |name: &str, maker: &'static str, requirement: Option<&str>| {
        let mut question = Question::at(crate::tests::today());
        question.requirements.extend(requirement.map(|text| text.parse().unwrap()));
        let ek = |_| certificate(maker, "a chip", "id:00010002").der().to_vec();
        let report = asked(name, "ek_certificates", ek, &question);
        report.findings.into_iter().find(|finding| finding.code == "tpm-fail").map(|finding| finding.level)
    };
    const INTEL: &str = "id:494E5443";
    assert_eq!(level("ecc", INTEL, None), Some(Level::Warning));
    assert_eq!(level("ecc", INTEL, Some("no-known-weakness")), Some(Level::Error));
    assert_eq!(level("rsa", INTEL, None), None, "RSA has no such time");
    assert_eq!(level("ecc", "id:49465800", None), None, "another maker's");
}

/// Whose keys are found to be of the flawed generator.
fn weak(report: &Report) -> Vec<&str> {
    let weak = report.findings.iter().filter(|finding| finding.code == "roca");
    weak.map(|finding| finding.message.split_once(" was made").unwrap().0).collect()
}

/// A public area with another modulus.
fn with_weak_modulus(area: Vec<u8>) -> Vec<u8> {
    let public = Public::parse(&area).unwrap();
    let PublicPart::Rsa { modulus, .. } = public.key() else { panic!("{public:?}") };
    let at = area.windows(modulus.len()).position(|part| part == modulus).unwrap();
    [&area[..at], &weak_modulus(), &area[at + modulus.len()..]].concat()
}

#[test]
fn a_weak_modulus_is_found_on_every_key_that_a_tpms_evidence_rests_on() {
    let whole = |bytes| bytes;
    assert_eq!(weak(&judged("ak_public", whole, Vec::new())), [""; 0]);
    assert_eq!(weak(&judged("key_public", with_weak_modulus, Vec::new())), ["The key"]);
    assert_eq!(weak(&judged("ak_public", with_weak_modulus, Vec::new())), ["The attestation key"]);
    let draft = |subject| Draft::new(subject, "a maker", rsa(&weak_modulus()));
    let ek = |_| draft("an endorsement key").der(&Signer::p256());
    assert_eq!(weak(&judged("ek_certificates", ek, Vec::new())), ["The key of \"an endorsement key\""]);
    let root = Anchor::given(&draft("a maker").ca(None).der(&Signer::p256())).unwrap();
    assert_eq!(weak(&judged("ak_public", whole, root)), ["The key of \"a maker\""]);
}
