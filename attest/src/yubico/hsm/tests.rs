//! What a YubiHSM 2 may say, under a root of our own.

use super::super::tests::{GENERATION, Hierarchy, NEW_ROOT, codes};
use crate::test_certs::Draft;
use crate::{Kind, Verdict};

const ROOT: &str = "Yubico YubiHSM Root CA";
const SUB_CA: &str = "Yubico YubiHSM 6742036 Sub-CA";
const DEVICE: &str = "YubiHSM Attestation (34331133)";
const LEAF: &str = "YubiHSM Attestation id:0x0003";
const SERIAL: [u8; 6] = [0x02, 0x04, 0x02, 0x0b, 0xd9, 0xfd];

/// A key that was generated there, may sign with ECDSA, and cannot leave.
fn chain(names: &[&str]) -> Hierarchy {
    Hierarchy::new(names).leaf(|leaf| {
        leaf.yubico([4, 1], &[0x04, 0x03, 2, 3, 9])
            .yubico([4, 2], &SERIAL)
            .yubico([4, 3], &[0x03, 0x02, 0x00, 0x01])
            .yubico([4, 4], &[0x03, 0x03, 0x00, 0x00, 0x05])
            .yubico([4, 5], &[0x03, 0x09, 0x00, 0, 0, 0, 0, 0, 0, 0, 0x80])
            .yubico([4, 6], &[0x02, 0x01, 0x03])
            .yubico([4, 9], &[0x0c, 0x05, b'k', b'e', b'y', 0, 0])
    })
}

fn old() -> Hierarchy {
    chain(&[LEAF, DEVICE, SUB_CA, ROOT])
}

pub(crate) fn new_generation() -> Hierarchy {
    chain(&[LEAF, DEVICE, "YubiHSM Attestation B2 1", GENERATION, NEW_ROOT])
}

fn changed(arcs: [u8; 2], value: &'static [u8]) -> Hierarchy {
    old().leaf(|leaf: Draft| leaf.without(&arcs).yubico(arcs, value))
}

#[test]
fn both_hierarchies_prove_a_yubihsms_key() {
    for chain in [old(), new_generation()] {
        let judgement = chain.judge(Kind::Yubihsm2);
        assert_eq!(judgement.verdict, Verdict::Proven, "{:?}", judgement.findings);
        let said = judgement.statement;
        assert_eq!((said.label.as_deref(), said.slot.as_deref()), (Some("key"), Some("0x0003")));
        assert_eq!((said.origin, said.exportable), (Some("generated"), Some(false)));
        assert_eq!(judgement.findings[0].message, "The key may: sign-ecdsa. Its domains: 1, 3.");
    }
}

#[test]
fn other_intermediates_do_not_vouch_for_yubihsms() {
    for other in ["Yubico PIV Attestation B 1", "Yubico FIDO Attestation B 1"] {
        let chain = chain(&[LEAF, DEVICE, other, GENERATION, NEW_ROOT]);
        assert_eq!(chain.judge(Kind::Yubihsm2).verdict, Verdict::Contradicted, "{other}");
        assert_eq!(chain.ask().verdict, Verdict::Contradicted, "{other}, under a root that was given");
    }
    assert_eq!(chain(&[LEAF, DEVICE, ROOT]).judge(Kind::Yubihsm2).verdict, Verdict::Contradicted);
    assert_eq!(chain(&[LEAF, SUB_CA, ROOT]).judge(Kind::Yubihsm2).verdict, Verdict::Contradicted);
}

#[test]
fn an_imported_or_exportable_key_is_proven_to_be_one() {
    let imported = changed([4, 3], &[0x03, 0x02, 0x00, 0x02]).judge(Kind::Yubihsm2);
    assert_eq!((imported.verdict, imported.statement.origin), (Verdict::Proven, Some("imported")));
    assert!(codes(&imported.findings).contains(&"not-generated"));
    let exportable = changed([4, 5], &[0x03, 0x09, 0x00, 0, 0, 0, 0, 0, 1, 0, 0x80]).judge(Kind::Yubihsm2);
    assert_eq!((exportable.verdict, exportable.statement.exportable), (Verdict::Proven, Some(true)));
    assert!(codes(&exportable.findings).contains(&"exportable"));
}

#[test]
fn a_leaf_that_disagrees_with_itself_or_its_device_contradicts() {
    let unknown = changed([4, 3], &[0x03, 0x02, 0x00, 0x08]).judge(Kind::Yubihsm2);
    assert_eq!((unknown.verdict, codes(&unknown.findings)[0]), (Verdict::Unattested, "unknown-value"));
    let wrong = [
        changed([4, 3], &[0x03, 0x02, 0x01, 0x02]),
        changed([4, 6], &[0x02, 0x01, 0x04]),
        changed([4, 2], &[0x02, 0x01, 0x07]),
        changed([4, 1], &[0x04, 0x02, 2, 3]),
        changed([4, 9], &[0x0c, 0x01, 0xff]),
        old().leaf(|leaf| leaf.without(&[4, 5])),
    ];
    for (which, chain) in wrong.iter().enumerate() {
        assert_eq!(chain.judge(Kind::Yubihsm2).verdict, Verdict::Contradicted, "change {which}");
    }
    let mut device = old();
    device.drafts[1] = device.drafts[1].clone().yubico([4, 2], &[0x02, 0x01, 0x07]);
    assert_eq!(codes(&device.judge(Kind::Yubihsm2).findings)[0], "serial-disagrees");
}

#[test]
fn ecdsa_of_an_early_yubihsm_is_known_to_leak() {
    assert!(codes(&old().ask().findings).contains(&"eucleak"));
    let repaired = changed([4, 1], &[0x04, 0x03, 2, 4, 0]).ask();
    assert!(!codes(&repaired.findings).contains(&"eucleak"));
}

#[test]
fn a_device_of_the_fips_series_says_so_and_others_say_nothing() {
    let said = |chain: Hierarchy| {
        let judgement = chain.judge(Kind::Yubihsm2);
        (judgement.verdict, judgement.statement.fips)
    };
    assert_eq!(said(old()), (Verdict::Proven, None));
    let fips = |value: &'static [u8]| old().leaf(|leaf: Draft| leaf.yubico([4, 10], value));
    assert_eq!(said(fips(&[0x02, 0x01, 0x06])), (Verdict::Proven, Some(true)));
    assert_eq!(said(fips(&[0x02, 0x01, 0x00])), (Verdict::Proven, Some(false)));
    assert_eq!(said(fips(&[0x04, 0x01, 0x06])).0, Verdict::Contradicted);
}
