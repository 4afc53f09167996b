//! One chain that is right, and the same wrong in one way each.

use super::*;
use crate::test_certs::{Draft, Signer, bit_string, pinned, seq, tlv};
use crate::{Sha256, Verdict};

const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const NAME_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x1e];

fn at() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

/// Root, one CA below it, and a leaf, each with a key of another kind.
struct Chain {
    root: Draft,
    ca: Draft,
    leaf: Draft,
    keys: [Signer; 2],
}

impl Chain {
    fn new() -> Self {
        let keys = [Signer::ed25519(), Signer::p256()];
        let leaf = Signer::p256();
        Self {
            root: Draft::new("Root", "Root", keys[0].spki()).ca(Some(1)),
            ca: Draft::new("CA", "Root", keys[1].spki()).ca(Some(0)),
            leaf: Draft::new("Leaf", "CA", leaf.spki()),
            keys,
        }
    }

    fn find(&self) -> Result<Vec<Deviation>, Broken> {
        self.find_as(&Strict)
    }

    fn find_as(&self, profile: &dyn Profile) -> Result<Vec<Deviation>, Broken> {
        let anchors = [pinned(self.root.sign(&self.keys[0]), &[])];
        let pool = [self.ca.sign(&self.keys[0])];
        let leaf = self.leaf.sign(&self.keys[1]);
        let search = Search { pool: &pool, anchors: &anchors, at: at(), profile };
        super::find(&leaf, &search).map(|path| path.deviations)
    }
}

/// Tolerates everything that has a name.
struct Tolerant;

impl Profile for Tolerant {
    fn tolerates(&self, _: &Deviation, _: usize, _: &Certificate) -> bool {
        true
    }

    fn understands(&self, _: x509_cert::spki::ObjectIdentifier) -> bool {
        true
    }

    fn accepts(&self, _: &Path<'_>) -> Result<(), Broken> {
        Ok(())
    }
}

#[test]
fn a_chain_to_an_anchor_is_found() {
    assert_eq!(Chain::new().find(), Ok(Vec::new()));
}

#[test]
fn an_issuer_that_is_no_ca_is_refused() {
    let mut chain = Chain::new();
    chain.ca = chain.ca.without(&[0x13]).with(&[0x55, 0x1d, 0x13], true, &seq(&[]));
    assert_eq!(chain.find_as(&Tolerant), Err(Broken::NotCa { name: "CA".to_owned() }));
}

#[test]
fn an_issuer_without_basic_constraints_is_a_deviation() {
    let mut chain = Chain::new();
    chain.ca = chain.ca.without(&[0x13]);
    assert_eq!(chain.find(), Err(Broken::NotCa { name: "CA".to_owned() }));
    assert_eq!(chain.find_as(&Tolerant), Ok(vec![Deviation::NoBasicConstraints("CA".to_owned())]));
}

#[test]
fn an_anchor_with_too_short_a_path_length_is_a_deviation() {
    let mut chain = Chain::new();
    chain.root = Draft::new("Root", "Root", chain.keys[0].spki()).ca(Some(0));
    assert_eq!(chain.find(), Err(Broken::PathLength { name: "Root".to_owned() }));
    assert_eq!(chain.find_as(&Tolerant), Ok(vec![Deviation::AnchorPathLength("Root".to_owned())]));
}

#[test]
fn a_ca_below_a_ca_that_allows_none_is_refused() {
    let mut chain = Chain::new();
    let below = Signer::p256();
    chain.leaf = Draft::new("Leaf", "Below", Signer::p256().spki());
    let anchors = [pinned(chain.root.sign(&chain.keys[0]), &[])];
    let pool = [
        chain.ca.sign(&chain.keys[0]),
        Draft::new("Below", "CA", below.spki()).ca(None).sign(&chain.keys[1]),
    ];
    let leaf = chain.leaf.sign(&below);
    let found = super::find(&leaf, &Search { pool: &pool, anchors: &anchors, at: at(), profile: &Tolerant });
    assert_eq!(found.unwrap_err(), Broken::PathLength { name: "CA".to_owned() });
}

#[test]
fn a_key_that_is_not_for_certificates_issues_none() {
    let mut chain = Chain::new();
    // digitalSignature alone.
    chain.ca = chain.ca.with(KEY_USAGE, true, &[0x03, 0x02, 0x07, 0x80]);
    assert_eq!(chain.find_as(&Tolerant), Err(Broken::KeyUsage { name: "CA".to_owned() }));
    let mut chain = Chain::new();
    // keyCertSign.
    chain.ca = chain.ca.with(KEY_USAGE, true, &[0x03, 0x02, 0x02, 0x04]);
    assert_eq!(chain.find(), Ok(Vec::new()));
}

#[test]
fn a_critical_extension_that_is_not_understood_is_refused_anywhere() {
    let parts: [fn(&mut Chain) -> &mut Draft; 2] = [|chain| &mut chain.ca, |chain| &mut chain.leaf];
    for part in parts {
        let mut chain = Chain::new();
        let draft = part(&mut chain);
        *draft = draft.clone().with(NAME_CONSTRAINTS, true, &seq(&[]));
        assert!(matches!(chain.find(), Err(Broken::Critical { .. })));
        assert_eq!(chain.find_as(&Tolerant), Ok(Vec::new()));
    }
}

#[test]
fn every_certificate_must_be_valid_at_that_time() {
    let parts: [fn(&mut Chain) -> &mut Draft; 3] =
        [|chain| &mut chain.leaf, |chain| &mut chain.ca, |chain| &mut chain.root];
    for part in parts {
        let mut chain = Chain::new();
        part(&mut chain).not_after = "20251231235959Z";
        assert!(matches!(chain.find(), Err(Broken::Expired { .. })));
        let mut chain = Chain::new();
        part(&mut chain).not_before = "20260101000001Z";
        assert!(matches!(chain.find(), Err(Broken::NotYetValid { .. })));
        let mut chain = Chain::new();
        part(&mut chain).not_before = "20260101000000Z";
        part(&mut chain).not_after = "20260101000000Z";
        assert_eq!(chain.find(), Ok(Vec::new()), "both ends count");
    }
}

#[test]
fn a_signature_by_another_key_of_the_same_name_contradicts() {
    let chain = Chain::new();
    let anchors = [pinned(chain.root.sign(&chain.keys[0]), &[])];
    let pool = [chain.ca.sign(&chain.keys[0])];
    let leaf = chain.leaf.sign(&Signer::p256());
    let broken = super::find(&leaf, &Search { pool: &pool, anchors: &anchors, at: at(), profile: &Strict })
        .unwrap_err();
    assert_eq!(broken, Broken::Signature { of: "Leaf".to_owned(), by: "CA".to_owned() });
    assert_eq!(broken.verdict(), Verdict::Contradicted);
}

#[test]
fn a_root_that_only_bears_an_anchors_name_contradicts() {
    let (chain, other) = (Chain::new(), Signer::ed25519());
    let false_root = Draft::new("Root", "Root", other.spki()).ca(None).sign(&other);
    let sha256: Sha256 = false_root.sha256();
    let anchors = [pinned(chain.root.sign(&chain.keys[0]), &[])];
    let pool = [chain.ca.sign(&other), false_root];
    let leaf = chain.leaf.sign(&chain.keys[1]);
    let broken = super::find(&leaf, &Search { pool: &pool, anchors: &anchors, at: at(), profile: &Tolerant })
        .unwrap_err();
    assert_eq!(broken, Broken::LookAlike { name: "Root".to_owned(), sha256 });
    let stranger = Search { pool: &pool, anchors: &[], at: at(), profile: &Tolerant };
    let broken = super::find(&leaf, &stranger).unwrap_err();
    assert_eq!(broken, Broken::Untrusted { name: "Root".to_owned(), sha256 });
    assert_eq!(broken.verdict(), Verdict::Unattested);
}

#[test]
fn an_issuer_that_is_missing_leaves_the_leaf_unattested() {
    let chain = Chain::new();
    let leaf = chain.leaf.sign(&chain.keys[1]);
    let broken =
        super::find(&leaf, &Search { pool: &[], anchors: &[], at: at(), profile: &Strict }).unwrap_err();
    assert_eq!(broken, Broken::NoIssuer { of: "Leaf".to_owned(), issuer: "CA".to_owned() });
    assert_eq!(broken.verdict(), Verdict::Unattested);
}

#[test]
fn certificates_that_issue_each_other_end_the_search() {
    let (one, other) = (Signer::p256(), Signer::p256());
    let pool = [
        Draft::new("A", "B", one.spki()).ca(None).sign(&other),
        Draft::new("B", "A", other.spki()).ca(None).sign(&one),
    ];
    let leaf = Draft::new("Leaf", "A", Signer::p256().spki()).sign(&one);
    let found = super::find(&leaf, &Search { pool: &pool, anchors: &[], at: at(), profile: &Tolerant });
    assert!(matches!(found, Err(Broken::NoIssuer { .. })));
}

#[test]
fn many_certificates_of_one_name_and_key_end_the_search_too() {
    let key = Signer::p256();
    let same = |number: u16| {
        let mut draft = Draft::new("A", "A", key.spki()).ca(None);
        draft = draft.with(&[0x2a, (number % 100) as u8], false, &number.to_be_bytes());
        draft.sign(&key)
    };
    let pool: Vec<Certificate> = (0..40).map(same).collect();
    let leaf = Draft::new("Leaf", "A", Signer::p256().spki()).sign(&key);
    let found = super::find(&leaf, &Search { pool: &pool, anchors: &[], at: at(), profile: &Tolerant });
    assert_eq!(found.unwrap_err(), Broken::TooMany);
}

#[test]
fn an_rsa_identifier_without_null_is_a_deviation() {
    let (key, leaf) = (Signer::rsa(), Signer::p256());
    let root = Draft::new("Root", "Root", key.spki()).ca(None).sign(key);
    let mut draft = Draft::new("Leaf", "Root", leaf.spki());
    draft.null = false;
    let (leaf, anchors) = (draft.sign(key), [pinned(root, &[])]);
    let search = |profile| Search { pool: &[], anchors: &anchors, at: at(), profile };
    let refused = super::find(&leaf, &search(&Strict)).unwrap_err();
    assert!(matches!(refused, Broken::Algorithm { .. }) && refused.verdict() == Verdict::Unattested);
    let path = super::find(&leaf, &search(&Tolerant)).unwrap();
    assert_eq!(path.deviations, [Deviation::RsaWithoutNull("Leaf".to_owned())]);
}

#[test]
fn an_ecdsa_identifier_with_null_is_a_deviation_and_no_bad_signature() {
    let mut chain = Chain::new();
    chain.leaf.null = false;
    let refused = chain.find().unwrap_err();
    assert!(matches!(refused, Broken::Algorithm { .. }) && refused.verdict() == Verdict::Unattested);
    assert_eq!(chain.find_as(&Tolerant), Ok(vec![Deviation::EcdsaWithNull("Leaf".to_owned())]));
}

#[test]
fn an_anchor_whose_ecdsa_identifier_has_null_ends_a_path_and_is_named() {
    let (key, leaf) = (Signer::p256(), Signer::p256());
    let mut root = Draft::new("Root", "Root", key.spki()).ca(None);
    root.null = false;
    let anchors = [pinned(root.sign(&key), &[])];
    let leaf = Draft::new("Leaf", "Root", leaf.spki()).sign(&key);
    let search = Search { pool: &[], anchors: &anchors, at: at(), profile: &Strict };
    let path = super::find(&leaf, &search).unwrap();
    assert_eq!(path.deviations, [Deviation::EcdsaWithNull("Root".to_owned())]);
}

/// secp256k1's point of the generator: a key on a curve that is not judged here.
fn on_another_curve() -> Vec<u8> {
    let point = "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798\
                 483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";
    let point = crate::hex::parse::<65>(point).unwrap();
    let algorithm =
        seq(&[tlv(0x06, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]), tlv(0x06, &[0x2b, 0x81, 4, 0, 0x0a])]);
    seq(&[algorithm, bit_string(&point)])
}

#[test]
fn what_cannot_be_judged_here_is_unattested_with_its_reason() {
    let mut chain = Chain::new();
    chain.ca.spki = on_another_curve();
    let refused = chain.find().unwrap_err();
    assert_eq!(refused.verdict(), Verdict::Unattested, "{refused}");
    assert_eq!(refused.to_string(), "\"Leaf\": signatures by a key that is EC secp256k1 are not judged here");
    let mut chain = Chain::new();
    chain.leaf = chain.leaf.clone().with(NAME_CONSTRAINTS, true, &seq(&[]));
    assert_eq!(chain.find().unwrap_err().verdict(), Verdict::Unattested);
}

#[test]
fn the_order_of_the_certificates_decides_no_verdict() {
    let chain = Chain::new();
    let refused = |cas: [&Draft; 2]| {
        let anchors = [pinned(chain.root.sign(&chain.keys[0]), &[])];
        let pool = cas.map(|ca| ca.sign(&chain.keys[0]));
        let leaf = chain.leaf.sign(&chain.keys[1]);
        let search = Search { pool: &pool, anchors: &anchors, at: at(), profile: &Strict };
        super::find(&leaf, &search).unwrap_err()
    };
    let with_key = |spki| Draft { spki, ..chain.ca.clone() };
    let (unjudged, another) = (with_key(on_another_curve()), with_key(Signer::p256().spki()));
    let expired = Draft { not_after: "20210101000000Z", ..chain.ca.clone() };
    let no_ca = chain.ca.clone().without(&[0x13]);
    for (one, other, code) in [(&unjudged, &another, "signature-algorithm"), (&expired, &no_ca, "expired")] {
        for order in [[one, other], [other, one]] {
            let refused = refused(order);
            assert_eq!((refused.code(), refused.verdict()), (code, Verdict::Unattested));
        }
    }
}

#[test]
fn an_extension_twice_is_read_by_nobody() {
    let chain = Chain::new();
    let twice = chain.ca.clone().ca(Some(3));
    assert!(Certificate::from_der(&twice.der(&chain.keys[0])).is_err());
}

#[test]
fn an_issuer_is_found_however_its_name_is_written() {
    for name in ["ca", " C\u{ad}A ", "CA\t"] {
        let mut chain = Chain::new();
        chain.leaf.issuer = name.to_owned();
        assert_eq!(chain.find(), Ok(Vec::new()), "{name:?}");
    }
    let mut chain = Chain::new();
    chain.leaf.issuer = "C A".to_owned();
    assert!(matches!(chain.find(), Err(Broken::NoIssuer { .. })));
}
