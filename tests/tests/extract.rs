//! `kunci-extract`, with which the quickstart shows that keys stay: it would say so if they did not.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::{Command, Output};

use tests::Rig;
use tests::rig::{PIN, binary, softhsm};

#[test]
fn a_key_made_by_kunci_cannot_be_taken_out_by_someone_who_has_the_pin() {
    let rig = Rig::bare().provisioned();
    let output = extract(&rig, "de");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    assert_eq!(printed.matches("refused by the token, CKR_").count(), 7, "{printed}");
}

#[test]
fn a_key_that_can_be_taken_out_is_seen_to_be_taken() {
    let rig = Rig::new();
    rig.kunci_ok(&["token", "init", "soft"]);
    let made = with_token(&rig, Command::new("pkcs11-tool").arg("--module").arg(softhsm()))
        .args(["--token-label", "rig", "--login", "--pin", PIN, "--keypairgen", "--key-type", "rsa:2048"])
        .args(["--label", "kunci:de", "--extractable"])
        .output()
        .expect("pkcs11-tool is missing: run make setup");
    assert!(made.status.success(), "{made:?}");
    let output = extract(&rig, "de");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(printed.contains("wrap it with another key: IT WAS GIVEN"), "{printed}");
}

fn extract(rig: &Rig, connector: &str) -> Output {
    with_token(rig, Command::new(binary("kunci-extract")).arg("--module").arg(softhsm()))
        .args(["--token", "rig", "--pin-file"])
        .arg(rig.at("pin"))
        .arg(connector)
        .output()
        .unwrap()
}

fn with_token<'a>(rig: &Rig, command: &'a mut Command) -> &'a mut Command {
    command.env("SOFTHSM2_CONF", rig.at("softhsm2.conf"))
}
