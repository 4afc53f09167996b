//! What these tests do with the `yubikey` crate.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use aws_lc_rs::digest::{SHA256, digest};
use der::Encode;
use tests::yubikey::Model;
use yubikey::piv::{self, AlgorithmId, SlotId};
use yubikey::{Error, MgmKey, PinPolicy, TouchPolicy, YubiKey};

/// The factory's PIN and PUK, and others.
pub(crate) const PIN: &[u8] = b"123456";
pub(crate) const PUK: &[u8] = b"12345678";
pub(crate) const WRONG_PIN: &[u8] = b"654321";
pub(crate) const MESSAGE: &[u8] = b"what is signed";

/// A YubiKey with firmware 5.7.
pub(crate) const RECENT: Model = Model { serial: 20_000_002, firmware: "5.7.4", touch_time: 15 };

pub(crate) const P256: AlgorithmId = AlgorithmId::EccP256;
/// The slot that most tests use.
pub(crate) const SLOT: SlotId = SlotId::Authentication;

/// The one YubiKey that is there.
pub(crate) fn open() -> YubiKey {
    YubiKey::open().unwrap()
}

/// The same, with its management key shown.
pub(crate) fn managed() -> YubiKey {
    let mut key = open();
    let management = MgmKey::get_default(&key).unwrap();
    key.authenticate(&management).unwrap();
    key
}

/// The same, with a P-256 key of default policies in [`SLOT`]; and its public key.
pub(crate) fn with_key() -> (YubiKey, Vec<u8>) {
    let mut key = managed();
    let public = generate(&mut key, SLOT, P256, PinPolicy::Default, TouchPolicy::Default);
    (key, public)
}

/// A new key's SubjectPublicKeyInfo.
pub(crate) fn generate(
    key: &mut YubiKey,
    slot: SlotId,
    algorithm: AlgorithmId,
    pin: PinPolicy,
    touch: TouchPolicy,
) -> Vec<u8> {
    piv::generate(key, slot, algorithm, pin, touch).unwrap().to_der().unwrap()
}

/// Signs the message: ECDSA, or RSASSA-PKCS1-v1_5 with the padding made here.
pub(crate) fn sign(key: &mut YubiKey, slot: SlotId, algorithm: AlgorithmId) -> Result<Vec<u8>, Error> {
    let hash = digest(&SHA256, MESSAGE);
    let input = match algorithm {
        AlgorithmId::EccP256 => hash.as_ref().to_vec(),
        AlgorithmId::Rsa2048 => padded(hash.as_ref(), 256),
        AlgorithmId::Rsa3072 => padded(hash.as_ref(), 384),
        _ => padded(hash.as_ref(), 512),
    };
    piv::sign_data(key, &input, algorithm, slot).map(|signature| signature.to_vec())
}

/// EMSA-PKCS1-v1_5 (RFC 8017 section 9.2).
fn padded(hash: &[u8], length: usize) -> Vec<u8> {
    let info = [
        0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
        0x04, 0x20,
    ];
    let filling = vec![0xFF; length - info.len() - hash.len() - 3];
    [&[0, 1][..], &filling, &[0], &info, hash].concat()
}

/// Whether openssl accepts a signature over the message.
pub(crate) fn is_good(public: &[u8], signature: &[u8]) -> bool {
    let files = Files::new();
    let mut command = Command::new("openssl");
    command.args(["dgst", "-sha256", "-keyform", "DER", "-verify"]).arg(files.write("public", public));
    command.arg("-signature").arg(files.write("signature", signature)).arg(files.write("message", MESSAGE));
    command.output().unwrap().status.success()
}

/// A folder for openssl's files.
pub(crate) struct Files(tempfile::TempDir);

impl Files {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}
