//! Other clients: Yubico's tool, and the card as PKCS#11 by ykcs11 and by OpenSC.

use std::path::PathBuf;
use std::process::{Command, Output};

use tests::Pcsc;
use tests::pcsc::Busy;
use tests::rig::library;
use tests::wait::until_true;
use tests::yubikey::Model;

use crate::client::{Files, MESSAGE, RECENT};

/// What timeout(1) says of a command that took longer.
const TIMED_OUT: i32 = 124;

#[test]
fn yubicos_tool_makes_keys_that_ykcs11_and_opensc_sign_with() {
    let bench = Bench::new(&[Model::default()]);
    for (slot, algorithm, id, mechanism) in
        [("9a", "ECCP256", "01", "ECDSA-SHA256"), ("9c", "RSA2048", "02", "SHA256-RSA-PKCS")]
    {
        bench.provision(slot, algorithm);
        for (module, package) in [("libykcs11.so", "ykcs11"), ("opensc-pkcs11.so", "opensc-pkcs11")] {
            let signature = bench.at("signature");
            let mut command = bench.pkcs11_tool(module, package);
            command.args(["--login", "--pin", "123456", "--sign", "--id", id, "--mechanism", mechanism]);
            command.args(["--signature-format", "openssl", "--input-file"]).arg(bench.at("message"));
            bench.done(command.arg("--output-file").arg(&signature));
            let mut judge = Command::new("openssl");
            judge.args(["dgst", "-sha256", "-verify"]).arg(bench.at(slot)).arg("-signature").arg(signature);
            bench.done(judge.arg(bench.at("message")));
        }
    }
}

#[test]
fn ykcs11_shows_two_yubikeys_as_two_tokens() {
    let bench = Bench::new(&[Model::default(), RECENT]);
    let output = bench.done(bench.pkcs11_tool("libykcs11.so", "ykcs11").arg("--list-token-slots"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for serial in ["10000001", "20000002"] {
        assert!(text.contains(serial), "{text}");
    }
}

#[test]
fn cards_come_back_with_a_pcscd_that_was_killed() {
    let bench = Bench::new(&[Model::default()]);
    let status = || bench.run(Command::new("yubico-piv-tool").args(["--action", "status"]));
    assert!(status().status.success());
    bench.pcsc.stop();
    assert!(!status().status.success());
    bench.pcsc.begin();
    until_true("Yubico's tool finds the card again", || status().status.success());
}

#[test]
fn a_card_that_another_client_has_alone_is_not_reached() {
    let bench = Bench::new(&[Model::default()]);
    let status = || bench.run(Command::new("yubico-piv-tool").args(["--action", "status"]));
    let busy = bench.pcsc.occupy(&bench.keys[0], Busy::Alone);
    assert!(!status().status.success());
    drop(busy);
    assert!(status().status.success());
}

#[test]
fn a_transaction_of_another_client_is_waited_for() {
    let bench = Bench::new(&[Model::default()]);
    let status = |limit: &str| {
        bench
            .run(Command::new("timeout").args([limit, "yubico-piv-tool", "--action", "status"]))
            .status
            .code()
    };
    let busy = bench.pcsc.occupy(&bench.keys[0], Busy::Transaction);
    assert_eq!(status("1"), Some(TIMED_OUT));
    drop(busy);
    assert_eq!(status("60"), Some(0));
}

/// A workplace: pcscd, and files.
struct Bench {
    pcsc: Pcsc,
    keys: Vec<tests::YubiKey>,
    files: Files,
}

impl Bench {
    fn new(models: &[Model]) -> Self {
        let pcsc = Pcsc::start();
        let keys = models.iter().map(|model| pcsc.yubikey(*model)).collect();
        let files = Files::new();
        files.write("message", MESSAGE);
        Self { pcsc, keys, files }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.files.path(name)
    }

    /// A key in this slot, its public key in a file of the slot's name, and a certificate for it.
    fn provision(&self, slot: &str, algorithm: &str) {
        let (public, authority, certificate) = (self.at(slot), self.at("authority"), self.at("certificate"));
        let mut command = Command::new("yubico-piv-tool");
        command.args(["--action", "generate", "--slot", slot, "--algorithm", algorithm, "--output"]);
        self.done(command.arg(&public));
        // OpenSC finds keys by their certificates. Any certificate does, so a passing authority signs one.
        let mut command = Command::new("openssl");
        command.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=test", "-keyout"]);
        self.done(command.arg(self.at("authority.key")).arg("-out").arg(&authority));
        let mut command = Command::new("openssl");
        command
            .args(["x509", "-new", "-subj", "/CN=leaf", "-force_pubkey"])
            .arg(&public)
            .arg("-CA")
            .arg(authority);
        self.done(command.arg("-CAkey").arg(self.at("authority.key")).arg("-out").arg(&certificate));
        let mut command = Command::new("yubico-piv-tool");
        command.args(["--action", "import-certificate", "--slot", slot, "--input"]);
        self.done(command.arg(certificate));
    }

    fn pkcs11_tool(&self, module: &str, package: &str) -> Command {
        let mut command = Command::new("pkcs11-tool");
        command.arg("--module").arg(library(module, package));
        command
    }

    fn run(&self, command: &mut Command) -> Output {
        self.pcsc.inside(command).output().unwrap()
    }

    #[track_caller]
    fn done(&self, command: &mut Command) -> Output {
        let output = self.run(command);
        assert!(output.status.success(), "{command:?}: {output:?}");
        output
    }
}
