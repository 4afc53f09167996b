//! A TPM's key proves itself to an auditor, end to end: swtpm with certificates of a private CA, tpm2-pkcs11, the agent,
//! the program that answers the challenge, and `kunci attest verify`.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tests::Tpm;
use tests::agent::Agent;
use tests::rig::{PIN, Rig, SO_PIN};

/// Where the attestation key is kept in the TPM; kunci-tpm-evidence looks there unless it is told otherwise.
const AK: &str = "0x81010002";

/// The vendor's machine, and the auditor's files beside it.
struct Scene {
    rig: Rig,
    tpm: Tpm,
    _agent: Agent,
}

impl Scene {
    fn set() -> Self {
        let rig = Rig::bare().folder("tpm").module(&Tpm::module());
        let tpm = Tpm::manufactured(rig.at("tpm"));
        tpm.add_token("rig", PIN, SO_PIN);
        let rig = tpm.environment().iter().fold(rig, |rig, (name, value)| rig.variable(name, value));
        rig.write();
        rig.kunci_ok(&["provision", "--all"]);
        let agent = rig.start();
        let scene = Self { rig, tpm, _agent: agent };
        scene.tool("tpm2_createak", &["-C", "0x81010001", "-c", "ak.ctx", "-G", "rsa", "-u", "ak.pub"]);
        scene.tool("tpm2_evictcontrol", &["-c", "ak.ctx", AK]);
        scene
    }

    /// One of the TPM's own tools, in the rig's folder.
    fn tool(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(program);
        command.args(arguments).envs(self.tpm.environment()).current_dir(self.rig.at(""));
        let output =
            command.output().unwrap_or_else(|_| panic!("{program} is missing: apt-get install tpm2-tools"));
        assert!(output.status.success(), "{program}: {output:?}");
    }

    fn path(&self, name: &str) -> String {
        self.rig.at(name).to_str().unwrap().to_owned()
    }

    /// The auditor makes a challenge of this name.
    fn challenge(&self, name: &str) {
        let ek = self.tpm.certificate().to_str().unwrap().to_owned();
        let (public, secret) = (self.path(name), self.path(&format!("{name}.secret")));
        self.rig.kunci_ok(&[
            "attest",
            "challenge",
            &ek,
            &self.path("ak.pub"),
            "--output",
            &public,
            "--secret",
            &secret,
        ]);
    }

    /// The vendor answers it; the bundle has the same name.
    fn answer(&self, name: &str) -> Output {
        let (challenge, bundle) = (self.path(name), self.path(&format!("{name}.bundle")));
        let program = program().to_str().unwrap().to_owned();
        let arguments =
            ["evidence", "de", "--challenge", &challenge, "--output", &bundle, "--tpm-program", &program];
        let mut command = self.rig.command(&arguments);
        command.args(["--", "--pin-file", &self.path("pin")]).envs(self.tpm.environment()).output().unwrap()
    }

    /// The auditor judges a bundle with a secret and a root, if they are given.
    fn judged(&self, bundle: &str, secret: Option<&str>, root: bool) -> (Value, Option<i32>) {
        let mut command = self.rig.command(&["attest", "verify", &self.path(bundle), "--json"]);
        if let Some(secret) = secret {
            command.args(["--challenge-secret", &self.path(secret)]);
        }
        if root {
            command.arg("--root").arg(self.tpm.root()).arg("--intermediate").arg(self.tpm.issuer());
        }
        let output = command.output().unwrap();
        (serde_json::from_slice(&output.stdout).unwrap(), output.status.code())
    }
}

fn program() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging/tpm/kunci-tpm-evidence")
}

fn words(answer: &Value) -> (&str, &str) {
    (answer["verdict"].as_str().unwrap(), answer["grade"].as_str().unwrap())
}

fn codes(answer: &Value) -> Vec<&str> {
    let findings = answer["keys"][0]["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

#[test]
fn a_tpms_key_is_proven_by_its_makers_root_and_the_auditors_secret_and_by_neither_alone() {
    let scene = Scene::set();
    scene.challenge("first");
    assert_eq!(fs::metadata(scene.rig.at("first.secret")).unwrap().mode() & 0o777, 0o600);
    let answered = scene.answer("first");
    assert!(answered.status.success(), "{answered:?}");

    let (whole, code) = scene.judged("first.bundle", Some("first.secret"), true);
    assert_eq!((words(&whole), code), (("proven", "software"), Some(0)), "{whole}");
    let key = &whole["keys"][0];
    assert_eq!(
        (&key["kind"], &key["origin"], &key["exportable"]),
        (&"tpm2".into(), &"generated".into(), &false.into())
    );
    assert!(codes(&whole).contains(&"software-tpm"), "what swtpm is, is said, whoever its root is: {whole}");

    let (rootless, code) = scene.judged("first.bundle", Some("first.secret"), false);
    assert_eq!((words(&rootless), code), (("unattested", "software"), Some(1)), "{rootless}");
    let (secretless, code) = scene.judged("first.bundle", None, true);
    assert_eq!((words(&secretless).0, code), ("unattested", Some(1)), "{secretless}");
    assert!(codes(&secretless).contains(&"no-challenge"), "{secretless}");

    // Evidence of yesterday is no answer to today's challenge.
    scene.challenge("second");
    let (stale, _) = scene.judged("first.bundle", Some("second.secret"), true);
    assert_eq!(words(&stale).0, "contradicted", "{stale}");
    for code in ["challenge-failed", "nonce-mismatch"] {
        assert!(codes(&stale).contains(&code), "{code}: {stale}");
    }

    // The agent goes on signing: neither the TPM nor its module was upset.
    scene._agent.assertion("de").ok();
}

#[test]
fn a_challenge_to_another_attestation_key_is_not_answered() {
    let scene = Scene::set();
    scene.tool("tpm2_createak", &["-C", "0x81010001", "-c", "other.ctx", "-G", "rsa", "-u", "ak.pub"]);
    scene.challenge("other");
    let refused = scene.answer("other");
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("is not the challenge's attestation key"), "{said}");
    assert!(!scene.rig.at("other.bundle").exists());
}
