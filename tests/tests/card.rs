//! The virtual YubiKey through the real pcscd, as the `yubikey` crate sees it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::process::Command;

use aws_lc_rs::digest::{SHA256, digest};
use der::Encode;
use tests::stage;
use tests::yubikey::Model;
use yubikey::piv::{self, AlgorithmId, RetiredSlotId, SlotId};
use yubikey::{Context, Error, MgmKey, PinPolicy, Serial, TouchPolicy, YubiKey};

const PIN: &[u8] = b"123456";
const MESSAGE: &[u8] = b"what is signed";
const RECENT: Model = Model { serial: 20_000_002, firmware: "5.7.4", touch_time: 15 };

#[test]
fn it_is_found_with_its_version_and_serial_number() {
    let test = "it_is_found_with_its_version_and_serial_number";
    let Some(_stage) = stage::enter(test, &[Model::default(), RECENT]) else { return };
    let mut context = Context::open().unwrap();
    let mut seen: Vec<(String, u32, String)> = Vec::new();
    for reader in context.iter().unwrap() {
        let key = reader.open().unwrap();
        seen.push((reader.name().into_owned(), key.serial().0, key.version().to_string()));
    }
    let name = |reader: u8| format!("Yubico YubiKey OTP+FIDO+CCID 00 0{reader}");
    let expected = [(name(0), 10_000_001, "5.4.3".to_owned()), (name(1), 20_000_002, "5.7.4".to_owned())];
    assert_eq!(seen, expected);
    assert_eq!(YubiKey::open_by_serial(Serial(20_000_002)).unwrap().serial().0, 20_000_002);
}

#[test]
fn what_it_signs_another_implementation_accepts() {
    let Some(_stage) = stage::enter("what_it_signs_another_implementation_accepts", &[RECENT]) else {
        return;
    };
    let mut key = managed();
    for (slot, algorithm) in [
        (SlotId::Authentication, AlgorithmId::EccP256),
        (SlotId::Signature, AlgorithmId::Rsa2048),
        (SlotId::Retired(RetiredSlotId::R1), AlgorithmId::Rsa3072),
    ] {
        let public = generate(&mut key, slot, algorithm, PinPolicy::Default, TouchPolicy::Default);
        key.verify_pin(PIN).unwrap();
        let signature = sign(&mut key, slot, algorithm).unwrap();
        judge(&public, &signature);
    }
}

/// The one YubiKey, with its management key shown.
fn managed() -> YubiKey {
    let mut key = YubiKey::open().unwrap();
    let management = MgmKey::get_default(&key).unwrap();
    key.authenticate(&management).unwrap();
    key
}

/// A new key's SubjectPublicKeyInfo.
fn generate(
    key: &mut YubiKey,
    slot: SlotId,
    algorithm: AlgorithmId,
    pin: PinPolicy,
    touch: TouchPolicy,
) -> Vec<u8> {
    piv::generate(key, slot, algorithm, pin, touch).unwrap().to_der().unwrap()
}

/// Signs the message: ECDSA, or RSASSA-PKCS1-v1_5 with the padding made here.
fn sign(key: &mut YubiKey, slot: SlotId, algorithm: AlgorithmId) -> Result<Vec<u8>, Error> {
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

/// openssl's word on a signature over the message.
#[track_caller]
fn judge(public: &[u8], signature: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let mut command = Command::new("openssl");
    command.args(["dgst", "-sha256", "-keyform", "DER", "-verify"]).arg(write("public", public));
    command.arg("-signature").arg(write("signature", signature)).arg(write("message", MESSAGE));
    let output = command.output().unwrap();
    assert!(output.status.success(), "openssl refuses the signature: {output:?}");
}
