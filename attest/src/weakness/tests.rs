use crate::test_certs::{Draft, Signer, bit_string, seq, tlv};
use crate::tests::{evidence, today};
use crate::{Firmware, Kind, Level, PublicKey, Question, Statement, Verdict, verify};

use super::{eucleak, is_weak};

/// A modulus of 2048 bits, of two primes that were made for this test by the flawed generator's rule and thrown away.
const WEAK_MODULUS: &str = "\
    cea34cacaa4c9cb2d02aabe8b520086f892d6f6895bfa381477c7a8bcbdcac5270b85072b31905e6e1d020fd3b8cbfdd\
    cbdcae6b61cf98e74874d759bbe691dc848ceb03d954ce9521dd9bfbbc7e6d9f25fc9c19ba3010016f1668757b8c9b08\
    255623b91c361218acfb95d9f87816ad8e4c0e679d7706380ec03864b45df26cbcdd92ab7575b2873dd201c6a137311c\
    11309898d7c493196c4633493f71e1720a621365d61363c59af17c27a01047ed11417038ad83b01a9c0f313416c3e009\
    04117daae21e2e29c93e1db919060eb3acfb70e033bbeeec87f7aaf7385353084b9b28f4f470f2ab4233442322d0df36\
    d4403fd1a28969d83b8862fdc32dcf63";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// A modulus with the fingerprint, for others' tests.
pub(crate) fn weak_modulus() -> Vec<u8> {
    bytes(WEAK_MODULUS)
}

/// A SubjectPublicKeyInfo of an RSA key.
pub(crate) fn rsa(modulus: &[u8]) -> Vec<u8> {
    const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    let key = seq(&[tlv(0x02, &[&[0], modulus].concat()), tlv(0x02, &[1, 0, 1])]);
    seq(&[seq(&[tlv(0x06, RSA), vec![5, 0]]), bit_string(&key)])
}

fn said(kind: Kind, vendor: &str, firmware: Firmware, spki: &[u8]) -> Statement {
    let mut said = Statement::of(Some(kind), Some(PublicKey::from_spki(spki).unwrap()));
    (said.vendor, said.firmware) = (Some(vendor.to_owned()), Some(firmware));
    said
}

#[test]
fn a_key_of_the_flawed_generator_is_found_and_a_good_one_is_not() {
    assert!(is_weak(&bytes(WEAK_MODULUS)));
    let good = PublicKey::from_spki(&Signer::rsa().spki()).unwrap();
    assert!(!is_weak(&good.modulus().unwrap()));
}

#[test]
fn a_weak_modulus_is_an_error_whoever_holds_it() {
    let key = Signer::p256();
    // No attestation, an attestation, an issuer: any.
    for (subject, at) in [("A certificate", 0), ("YubiKey PIV Attestation 9a", 0), ("A CA", 1)] {
        let weak = Draft::new(subject, "somebody", rsa(&bytes(WEAK_MODULUS))).ca(None).der(&key);
        let other = Draft::new("other", "somebody else", key.spki()).der(&key);
        let files = if at == 0 { [&weak, &other] } else { [&other, &weak] };
        let report = verify(&evidence(&files.map(Vec::as_slice)), &Question::at(today()));
        let found = report.findings.iter().find(|finding| finding.code == "roca").unwrap();
        assert_eq!((found.level, report.is_yes()), (Level::Error, false), "{subject}");
        assert!(found.message.contains("CVE-2017-15361"));
    }
}

#[test]
fn a_weak_key_that_is_attested_stays_proven_and_the_answer_is_no() {
    use crate::yubico::tests::Hierarchy;
    let chain = Hierarchy::old().leaf(|leaf| Draft { spki: rsa(&bytes(WEAK_MODULUS)), ..leaf });
    let report = chain.ask();
    assert_eq!((report.verdict, report.findings[0].code), (Verdict::Proven, "roca"));
    assert!(!report.is_yes());
}

#[test]
fn eucleak_is_told_by_device_firmware_and_algorithm() {
    let (ec, ed25519) = (Signer::p256().spki(), Signer::ed25519().spki());
    let leaks =
        |kind, firmware, spki: &[u8]| eucleak::message(&said(kind, "Yubico", firmware, spki)).is_some();
    assert!(leaks(Kind::YubikeyPiv, Firmware(5, 6, 9), &ec));
    assert!(leaks(Kind::Yubihsm2, Firmware(2, 3, 9), &ec));
    assert!(!leaks(Kind::YubikeyPiv, Firmware(5, 7, 0), &ec));
    assert!(!leaks(Kind::Yubihsm2, Firmware(2, 4, 0), &ec));
    assert!(!leaks(Kind::Yubihsm2, Firmware(2, 3, 9), &ed25519));
    assert!(!leaks(Kind::YubikeyPiv, Firmware(5, 4, 3), &Signer::rsa().spki()));
    assert!(!leaks(Kind::Pkcs11, Firmware(1, 0, 0), &ec));
}
