//! The encodings judged by another implementation: openssl does the bare RSA, aws-lc-rs verifies the whole signature.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::*;
use crate::PublicKey;
use crate::message::{Composed, Message, Now, Probe};

fn openssl(folder: &Path, arguments: &[&str]) {
    let output = Command::new("openssl").args(arguments).current_dir(folder).output();
    let output = output.expect("openssl is missing: apt-get install openssl");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

/// A key of openssl's: its folder and its public half.
fn key(bits: &str) -> (tempfile::TempDir, PublicKey) {
    let folder = tempfile::tempdir().unwrap();
    let size = format!("rsa_keygen_bits:{bits}");
    openssl(folder.path(), &["genpkey", "-algorithm", "RSA", "-pkeyopt", &size, "-out", "key.pem"]);
    openssl(folder.path(), &["pkey", "-in", "key.pem", "-pubout", "-outform", "DER", "-out", "spki"]);
    let public = PublicKey::from_spki(&fs::read(folder.path().join("spki")).unwrap()).unwrap();
    (folder, public)
}

/// What a card does: the bare private operation, which openssl calls decrypting; its signing takes digests only.
fn sign(folder: &Path, block: &[u8]) -> Vec<u8> {
    fs::write(folder.join("block"), block).unwrap();
    let bare = ["-pkeyopt", "rsa_padding_mode:none", "-in", "block", "-out", "signature"];
    openssl(folder, &[&["pkeyutl", "-decrypt", "-inkey", "key.pem"][..], &bare].concat());
    fs::read(folder.join("signature")).unwrap()
}

fn probe(algorithm: Algorithm, key: &PublicKey) -> Composed {
    Message::Probe(Probe { nonce: [7; 32] }).compose(algorithm, key, Now::read(Duration::ZERO)).unwrap()
}

#[test]
fn both_encodings_verify_at_every_size_of_key() {
    for bits in ["2048", "3072", "4096"] {
        let (folder, public) = key(bits);
        for algorithm in [Algorithm::PS256, Algorithm::RS256] {
            let message = probe(algorithm, &public);
            let block = encode(&message, public.kind()).unwrap();
            let signature = sign(folder.path(), &block);
            assert!(public.verifies(algorithm, message.bytes(), &signature), "{algorithm} {bits}");
        }
    }
}

#[test]
fn a_key_is_given_only_what_its_type_signs() {
    let (_folder, public) = key("2048");
    let es256 = probe(Algorithm::ES256, &public);
    assert!(encode(&es256, KeyType::Rsa2048).is_err());
    assert_eq!(encode(&es256, KeyType::P256).unwrap().len(), HASH);
    let ps256 = probe(Algorithm::PS256, &public);
    assert!(encode(&ps256, KeyType::P256).is_err());
}

#[test]
fn two_encodings_of_one_message_differ_by_their_salt() {
    let (_folder, public) = key("2048");
    let message = probe(Algorithm::PS256, &public);
    assert_ne!(encode(&message, KeyType::Rsa2048).unwrap(), encode(&message, KeyType::Rsa2048).unwrap());
}
