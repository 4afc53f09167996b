//! Real evidence, from the crate `attestation-validator`: chains of a YubiKey 5.2.7 and a YubiHSM 2.4.1.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The leaf of a P-256 key in slot 9c.
pub(crate) const PIV_LEAF: &str = "Slot9Cattestation-pem";
/// The F9 certificate that signed it.
pub(crate) const PIV_F9: &str = "SlotF9Intermediate-pem";
/// The leaf of an Ed25519 key.
pub(crate) const HSM_LEAF: &str = "hsm-attestation-pem";
/// The device's certificate that signed it.
pub(crate) const HSM_DEVICE: &str = "hsm-attestation-cert.cer";
/// An attestation of a kind that is not judged here.
pub(crate) const OPENPGP: &str = "key-statement-pem";
/// Where the anchors come from.
pub(crate) const ROOTS: [&str; 4] = [
    "src/yubico/yubico-piv-ca-1-pem",
    "src/yubico/yubico-ca-1-pem",
    "src/yubico/yubihsm2-attest-ca-crt-pem",
    "src/yubico/intermediate-pem",
];

/// A file of the crate's.
pub(crate) fn read(name: &str) -> Vec<u8> {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    std::fs::read(FOLDER.get_or_init(folder).join(name)).unwrap()
}

/// Cargo knows where the sources are.
fn folder() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--manifest-path", manifest])
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let package =
        metadata["packages"].as_array().unwrap().iter().find(|it| it["name"] == "attestation-validator");
    Path::new(package.unwrap()["manifest_path"].as_str().unwrap()).parent().unwrap().to_owned()
}
