//! Attestation: what a certificate of the attestation key says, and for which keys there is one.

use std::path::Path;
use std::process::Command;

use der::Encode;
use tests::stage;
use tests::yubikey::Model;
use yubikey::piv::{self, AlgorithmId, Origin, SlotId};
use yubikey::{Certificate, PinPolicy, TouchPolicy};

use crate::client::{Files, P256, RECENT, SLOT, generate, managed, with_key};

#[test]
fn the_root_vouches_for_keys_that_were_made_here() {
    let stage = stage!(Model::default());
    let mut key = managed();
    let above = Certificate::read(&mut key, SlotId::Attestation).unwrap().cert.to_der().unwrap();
    for algorithm in [P256, AlgorithmId::Rsa2048] {
        let public = generate(&mut key, SLOT, algorithm, PinPolicy::Once, TouchPolicy::Never);
        let leaf = piv::attest(&mut key, SLOT).unwrap();
        assert!(vouches(&stage.root, &above, &leaf), "{algorithm:?}");
        let leaf = Certificate::from_bytes(leaf).unwrap();
        assert_eq!(leaf.cert.tbs_certificate().subject_public_key_info().to_der().unwrap(), public);
    }
}

#[test]
fn it_says_what_yubicos_say() {
    let _stage = stage!(RECENT);
    let mut key = managed();
    generate(&mut key, SlotId::Signature, P256, PinPolicy::Always, TouchPolicy::Cached);
    let leaf = Certificate::from_bytes(piv::attest(&mut key, SlotId::Signature).unwrap()).unwrap();
    assert_eq!(leaf.subject(), "CN=YubiKey PIV Attestation 9c");
    let extensions = leaf.cert.tbs_certificate().extensions().unwrap().iter();
    let said: Vec<(String, &[u8])> =
        extensions.map(|one| (one.extn_id.to_string(), one.extn_value.as_bytes())).collect();
    let own = |number: u8| format!("1.3.6.1.4.1.41482.3.{number}");
    let expected: [(String, &[u8]); 4] = [
        (own(3), &[5, 7, 4]),
        // INTEGER 20000002
        (own(7), &[0x02, 0x04, 0x01, 0x31, 0x2D, 0x02]),
        (own(8), &[3, 3]),
        (own(9), &[4]),
    ];
    assert_eq!(said, expected);
}

#[test]
fn a_key_that_was_imported_gets_none() {
    let stage = stage!(Model::default());
    let (mut key, _public) = with_key();
    piv::attest(&mut key, SLOT).unwrap();
    stage.keys[0].mark_imported("9a");
    assert!(piv::attest(&mut key, SLOT).is_err());
    assert_eq!(piv::metadata(&mut key, SLOT).unwrap().origin, Some(Origin::Imported));
}

#[test]
fn an_empty_slot_gets_none() {
    let _stage = stage!(Model::default());
    assert!(piv::attest(&mut managed(), SLOT).is_err());
}

#[test]
fn another_cards_root_does_not_vouch() {
    let stage = stage!(Model::default());
    let (mut key, _public) = with_key();
    let leaf = piv::attest(&mut key, SLOT).unwrap();
    // The leaf under itself: nothing that the root signed.
    assert!(!vouches(&stage.root, &leaf, &leaf));
}

/// Whether openssl finds the way from a certificate to the root. The extension that it does not know is not critical.
fn vouches(root: &Path, above: &[u8], leaf: &[u8]) -> bool {
    let files = Files::new();
    let pem = |name: &str, der: &[u8]| {
        let path = files.write(name, der);
        let text =
            Command::new("openssl").args(["x509", "-inform", "DER", "-in"]).arg(&path).output().unwrap();
        files.write(name, &text.stdout)
    };
    let mut command = Command::new("openssl");
    command
        .arg("verify")
        .arg("-CAfile")
        .arg(root)
        .arg("-untrusted")
        .arg(pem("above", above))
        .arg(pem("leaf", leaf));
    command.output().unwrap().status.success()
}
