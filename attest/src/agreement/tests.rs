use super::*;
use crate::samples::{self, PIV_F9, PIV_LEAF, ROOTS};
use crate::test_certs::{Draft, Signer};
use crate::tests::{evidence, today};
use crate::{Report, verify};

const ROOT: &str = "Yubico PIV Root CA Serial 263751";

/// A chain that is proven, and one file more.
fn beside(file: &[u8]) -> Report {
    let files = [samples::read(PIV_LEAF), samples::read(PIV_F9), file.to_vec()];
    verify(&evidence(&files.each_ref().map(Vec::as_slice)), &Question::at(today()))
}

fn codes(report: &Report) -> Vec<&'static str> {
    let errors = report.findings.iter().filter(|finding| finding.level == crate::Level::Error);
    errors.map(|finding| finding.code).collect()
}

#[test]
fn an_anchors_own_certificate_agrees() {
    for root in ROOTS {
        assert_eq!(beside(&samples::read(root)).verdict, Verdict::Proven, "{root}");
    }
}

#[test]
fn a_root_that_bears_an_anchors_name_contradicts_a_chain_that_does_not_need_it() {
    let key = Signer::p256();
    let imitation = Draft::new(ROOT, ROOT, key.spki()).ca(None).der(&key);
    let report = beside(&imitation);
    assert_eq!((report.verdict, codes(&report)), (Verdict::Contradicted, vec!["lookalike-root"]));
    assert!(report.root.is_none());
    // Nor does it help to have it issued by somebody else.
    let other = Draft::new(ROOT, "somebody", key.spki()).ca(None).der(&key);
    assert_eq!(codes(&beside(&other)), ["lookalike-root"]);
}

#[test]
fn a_certificate_that_nobody_of_its_issuers_name_signed_contradicts() {
    let key = Signer::p256();
    let stray = Draft::new("Somebody", ROOT, key.spki()).der(&key);
    assert_eq!(codes(&beside(&stray)), ["signature-mismatch"]);
    let own = Draft::new("Somebody", "Somebody", key.spki()).der(&Signer::p256());
    assert_eq!(codes(&beside(&own)), ["signature-mismatch"], "not even by itself");
}

#[test]
fn a_certificate_of_another_matter_changes_nothing() {
    let key = Signer::p256();
    let other = Draft::new("Somebody", "Nobody", key.spki()).der(&key);
    assert_eq!(beside(&other).verdict, Verdict::Proven);
}

#[test]
fn more_signatures_than_are_verified_are_an_error() {
    let key = Signer::p256();
    let same =
        |number: u8| Draft::new("A", "A", Signer::p256().spki()).with(&[0x2a, number], false, &[]).der(&key);
    let many: Vec<u8> = (0..50).flat_map(same).collect();
    let report = beside(&many);
    assert_ne!(report.verdict, Verdict::Proven);
    assert!(codes(&report).contains(&"path-too-long"), "{:?}", codes(&report));
}
