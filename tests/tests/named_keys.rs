//! A key that its module names (`key_ids`): made by the token's own tool, adopted by its digest, and then as any other.
//! Here a YubiKey's, through its maker's PKCS#11 module.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use tests::openssl::openssl;
use tests::rig::{ALL, library, user};
use tests::wait::until;
use tests::yubikey::Model;
use tests::{Agent, Pcsc, Rig, YubiKey};

const FACTORY_PIN: &str = "123456";
const PIN: &str = "648219";

/// The CKA_ID of slot 9a.
const NAMED: &str = "key_ids = { de = \"01\" }";

#[test]
fn it_is_an_orphan_until_it_is_adopted_by_its_digest_and_signs_then() {
    let site = Site::new();
    let digest = site.make_key();
    let agent = site.start(NAMED);
    agent.assertion("de").refused(503, "orphaned-key");
    let checked = site.json(&["token", "check", "key"]);
    assert_eq!(
        (&checked["keys"][0]["standing"], &checked["keys"][0]["spki_sha256"]),
        (&"orphan".into(), &digest.as_str().into())
    );
    let problem = site.json(&["provision", "de"]);
    assert_eq!(problem["code"], "orphaned-key", "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains(&digest), "{problem}");
    assert_eq!(site.adopt(&"00".repeat(32))["code"], "no-such-orphan");

    assert_eq!(site.adopt(&digest)["outcome"], "adopted");
    judge(&site.rig, &agent);
    let pin =
        site.rig.entries().into_iter().find(|entry| entry.state.as_deref() == Some("generated")).unwrap();
    assert_eq!((pin.reason.as_deref(), pin.spki_sha256), (Some("adopted"), Some(digest)));
    assert_eq!(site.card.refused_pins(), 0);
    // Its certificate is the agent's own, and is there after a restart.
    assert!(agent.stop().success());
    judge(&site.rig, &site.start(NAMED));
}

#[test]
fn another_key_in_its_place_never_signs() {
    let site = Site::new();
    let digest = site.make_key();
    let agent = site.start(NAMED);
    assert_eq!(site.adopt(&digest)["outcome"], "adopted");
    assert!(agent.stop().success());
    let other = site.make_key();
    let agent = site.start(NAMED);
    agent.assertion("de").refused(503, "key-mismatch");
    assert_eq!(site.adopt(&other)["code"], "key-mismatch");
}

#[test]
fn without_the_exceptions_that_it_needs_it_is_not_adopted() {
    let site = Site::new();
    let digest = site.make_key();
    let agent = site.start(&NAMED.replace(" }", " } # no exceptions"));
    assert_eq!(site.adopt(&digest)["code"], "key-unfit");
    agent.assertion("de").refused(503, "orphaned-key");
}

#[test]
fn none_is_made_by_kunci_and_one_that_is_not_named_is_left_alone() {
    let site = Site::new();
    let agent = site.start(NAMED);
    let problem = site.json(&["provision", "de"]);
    assert_eq!(problem["code"], "no-slot", "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("the token's own tool"), "{problem}");
    assert!(!site.rig.entries().iter().any(|entry| entry.state.is_some()), "nothing was begun");
    assert!(agent.stop().success());
    site.make_key();
    let _agent = site.start("");
    assert_eq!(site.json(&["token", "check", "key"])["keys"], Value::Array(Vec::new()));
}

/// A YubiKey, its maker's module, and an installation with connector `de` (RSA-2048, PS256).
struct Site {
    rig: Rig,
    card: YubiKey,
    pcsc: Pcsc,
}

impl Site {
    fn new() -> Self {
        let pcsc = Pcsc::start();
        let card = pcsc.yubikey(Model::default());
        let rig = Rig::bare();
        rig.private("pin", PIN);
        let site = Self { rig, card, pcsc };
        site.tool(&["-a", "change-pin", "-P", FACTORY_PIN, "-N", PIN]);
        site
    }

    /// A new key in slot 9a; SHA-256 of its public key, by openssl's word.
    fn make_key(&self) -> String {
        let pem = self.rig.at("9a.pem");
        self.tool(&["-a", "generate", "-s", "9a", "-A", "RSA2048", "-o", pem.to_str().unwrap()]);
        openssl(&self.rig, &["pkey", "-pubin", "-in", "9a.pem", "-outform", "DER", "-out", "9a.der"]);
        openssl(&self.rig, &["dgst", "-sha256", "-r", "9a.der"]).split(' ').next().unwrap().to_owned()
    }

    fn tool(&self, arguments: &[&str]) {
        let output = self.pcsc.inside(Command::new("yubico-piv-tool").args(arguments)).output().unwrap();
        assert!(output.status.success(), "yubico-piv-tool {arguments:?}: {output:?}");
    }

    fn adopt(&self, digest: &str) -> Value {
        self.json(&["provision", "de", "--adopt", "--spki-sha256", digest, "--new-certificate"])
    }

    /// What a command of `kunci` says, be it an answer or a problem.
    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.rig.kunci(&[&["--json"], arguments].concat());
        let text = if output.stdout.is_empty() { &output.stderr } else { &output.stdout };
        serde_json::from_slice(text).unwrap_or_else(|_| panic!("{arguments:?}: {output:?}"))
    }

    /// Starts the agent with one more line in the token's section, and waits until the token was surveyed.
    fn start(&self, line: &str) -> Agent {
        self.rig.private("kunci.toml", &self.toml(line));
        let agent = self.rig.spawn_with(|command| self.pcsc.shape(command));
        agent.await_tokens("ready");
        until("the token is surveyed", || {
            (agent.assertion("de").code() != "token-unavailable").then_some(())
        });
        agent
    }

    fn toml(&self, line: &str) -> String {
        let at = |name: &str| format!("{:?}", self.rig.at(name));
        let (user, module) = (user(), library("libykcs11.so", "ykcs11"));
        let excused = !line.contains("no exceptions");
        let exceptions = if excused { "exceptions = [\"generation-unknown\", \"may-decrypt\"]" } else { "" };
        format!(
            "[agent]\nsocket = {}\nadmin_socket = {}\nstate_dir = {}\n\n[ledger]\norigin = \"rig.example/kunci\"\n\n\
             [tokens.key]\nkind = \"pkcs11\"\nmodule = {module:?}\nuri = \"pkcs11:serial={}\"\npin = {{ file = {} }}\n\
             {exceptions}\n{line}\n\n\
             [connectors.de]\nregion = \"Germany\"\ntokens = [\"key\"]\nkey = \"rsa-2048\"\nalgorithm = \"PS256\"\n\
             tenants = \"tenants.csv\"\n\n\
             [callers.rig]\nuser = {user}\nconnectors = [\"de\"]\n\n[admins.rig]\nuser = {user}\nmay = {ALL}\n",
            at("agent.sock"),
            at("admin.sock"),
            at("state"),
            self.card.model.serial,
            at("pin"),
        )
    }
}

/// An assertion that openssl verifies under the connector's certificate.
fn judge(rig: &Rig, agent: &Agent) {
    let reply = agent.assertion("de").ok().json();
    let (input, signature) = reply["assertion"].as_str().unwrap().rsplit_once('.').unwrap();
    fs::write(rig.at("input"), input).unwrap();
    fs::write(rig.at("signature"), URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    fs::write(rig.at("cert.pem"), rig.kunci_ok(&["cert", "de"])).unwrap();
    fs::write(rig.at("key.pem"), openssl(rig, &["x509", "-in", "cert.pem", "-pubkey", "-noout"])).unwrap();
    let pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"];
    let verify = ["dgst", "-sha256", "-verify", "key.pem", "-signature", "signature"];
    assert_eq!(openssl(rig, &[&verify[..], &pss, &["input"]].concat()).trim(), "Verified OK");
}
