//! Every backend keeps the contract, and docs/tokens.md says what it does not offer: `make contract` shows them all.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Command;

#[track_caller]
fn keeps_the_contract(backend: &str) {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/tokens.md");
    let mut suite = Command::new(env!("CARGO_BIN_EXE_kunci-contract"));
    let output = suite.args(["--backend", backend, "--docs", page]).output().unwrap();
    let (table, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{backend}:\n{table}\n{errors}");
}

#[test]
fn softhsm2_keeps_the_contract() {
    keeps_the_contract("softhsm2");
}

#[test]
fn kryoptic_keeps_the_contract() {
    keeps_the_contract("kryoptic");
}

#[test]
fn tpm2_keeps_the_contract() {
    keeps_the_contract("tpm2");
}

#[test]
fn p11_kit_keeps_the_contract() {
    keeps_the_contract("p11-kit");
}

#[test]
fn nss_keeps_the_contract() {
    keeps_the_contract("nss");
}

#[test]
fn a_yubikey_of_today_keeps_the_contract() {
    keeps_the_contract("yubikey-piv");
}

#[test]
fn a_yubikey_of_before_firmware_5_7_keeps_the_contract() {
    keeps_the_contract("yubikey-piv-5.4");
}

#[test]
fn a_yubikey_through_ykcs11_keeps_the_contract() {
    keeps_the_contract("ykcs11");
}

#[test]
fn a_yubikey_through_opensc_keeps_the_contract() {
    keeps_the_contract("opensc");
}
