//! A YubiKey's slot 9c, which wants the PIN for each signature, through PKCS#11 modules, beside slot 9a, which does not. All
//! sessions of a module share the one card, and any command between PIN and signature would use the PIN up.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::path::PathBuf;
use std::process::Command;
use std::thread;

use serde_json::Value;
use tests::load::{Load, Received};
use tests::rig::{ALL, library, user};
use tests::yubikey::Model;
use tests::{Agent, Pcsc, Rig, YubiKey};

const FACTORY_PIN: &str = "123456";
const PIN: &str = "648219";
const NEW: &str = "912846";
const CLIENTS: usize = 4;
/// How many signatures in slot 9c are waited for.
const MANY: usize = 30;
/// How many clients ask at once when the PIN was changed.
const AT_ONCE: usize = 8;

#[test]
fn by_ykcs11_both_slots_sign_for_many_clients_at_once() {
    both_slots_sign(&Site::new(library("libykcs11.so", "ykcs11"), &["generation-unknown", "may-decrypt"]));
}

#[test]
fn by_opensc_both_slots_sign_for_many_clients_at_once() {
    let module = library("pkcs11/opensc-pkcs11.so", "opensc-pkcs11");
    let exceptions = ["generation-unknown", "may-decrypt", "may-unwrap", "may-sign-recover"];
    both_slots_sign(&Site::new(module, &exceptions));
}

fn both_slots_sign(site: &Site) {
    let agent = site.start();
    let adopted = site.adopt();
    assert_eq!(adopted, ["de", "uk"].map(|name| (format!("kunci:{name}"), name == "de")));
    agent.wait_ready();
    let load = Load::start(agent.socket(), CLIENTS);
    let mut received = Vec::new();
    while load.answered() < MANY {
        received.push(Received::of(&agent.assertion("uk").ok()));
    }
    let took = load.stop();
    assert_eq!((took.refused.len(), took.broken), (0, 0), "{took:?}");
    assert_eq!(site.card.refused_pins(), 0);
    assert!(agent.stop().success());
    site.rig.assert_recorded(&[took.received, received].concat());
}

#[test]
fn a_pin_that_was_changed_on_the_card_is_refused_once_and_latches_it() {
    let site = Site::new(library("libykcs11.so", "ykcs11"), &["generation-unknown", "may-decrypt"]);
    let agent = site.start();
    site.adopt();
    agent.wait_ready();
    agent.assertion("de").ok();
    site.tool(&["-a", "change-pin", "-P", PIN, "-N", NEW]);
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| agent.assertion("de").refused(503, "token-unavailable"));
        }
    });
    agent.await_tokens("latched");
    agent.assertion("uk").refused(503, "token-unavailable");
    assert!(agent.stop().success());
    let agent = site.spawn();
    agent.await_tokens("latched");
    assert_eq!(site.card.refused_pins(), 1);

    site.rig.private("pin", NEW);
    site.rig.kunci_ok(&["token", "unlatch", "key"]);
    agent.wait_ready();
    agent.assertion("de").ok();
    agent.assertion("uk").ok();
    assert_eq!(site.card.refused_pins(), 1);
}

/// A YubiKey with keys in both slots, a module, and an installation with connectors `de` (9c, RSA) and `uk` (9a, P-256).
struct Site {
    rig: Rig,
    card: YubiKey,
    pcsc: Pcsc,
    module: PathBuf,
    exceptions: String,
}

impl Site {
    fn new(module: PathBuf, exceptions: &[&str]) -> Self {
        let pcsc = Pcsc::start();
        let card = pcsc.yubikey(Model::default());
        let rig = Rig::bare();
        rig.private("pin", PIN);
        let site = Self { rig, card, pcsc, module, exceptions: format!("{exceptions:?}") };
        site.tool(&["-a", "change-pin", "-P", FACTORY_PIN, "-N", PIN]);
        site.openssl("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=anybody");
        site.openssl("req -new -key ca.key -out request.pem -subj /CN=anybody");
        for (slot, algorithm) in [("9c", "RSA2048"), ("9a", "ECCP256")] {
            site.make_key(slot, algorithm);
        }
        site
    }

    /// A key, and a certificate of it by anybody: without one, OpenSC shows no key.
    fn make_key(&self, slot: &str, algorithm: &str) {
        let at = |ending: &str| self.rig.at(&format!("{slot}.{ending}")).to_str().unwrap().to_owned();
        self.tool(&["-a", "generate", "-s", slot, "-A", algorithm, "-o", &at("pub")]);
        let key = format!("-force_pubkey {} -out {}", at("pub"), at("pem"));
        self.openssl(&format!("x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial {key}"));
        self.tool(&["-a", "import-certificate", "-s", slot, "-i", &at("pem")]);
    }

    fn tool(&self, arguments: &[&str]) {
        let output = self.pcsc.inside(Command::new("yubico-piv-tool").args(arguments)).output().unwrap();
        assert!(output.status.success(), "yubico-piv-tool {arguments:?}: {output:?}");
    }

    fn openssl(&self, line: &str) {
        let arguments = line.split(' ');
        let output = Command::new("openssl").current_dir(self.rig.at(".")).args(arguments).output().unwrap();
        assert!(output.status.success(), "openssl {line}: {output:?}");
    }

    /// Adopts both keys; what each is called, and whether it wants the PIN each time.
    fn adopt(&self) -> Vec<(String, bool)> {
        let checked = self.rig.kunci(&["--json", "token", "check", "key"]);
        let checked: Value = serde_json::from_slice(&checked.stdout).unwrap();
        let mut keys = checked["keys"].as_array().unwrap().clone();
        keys.sort_by_key(|key| key["label"].to_string());
        let adopt = |key: &Value| {
            let label = key["label"].as_str().unwrap().to_owned();
            let connector = label.trim_start_matches("kunci:");
            let digest = key["spki_sha256"].as_str().unwrap();
            self.rig.kunci_ok(&[
                "provision",
                connector,
                "--adopt",
                "--spki-sha256",
                digest,
                "--new-certificate",
            ]);
            (label, key["pin_each_time"] == true)
        };
        keys.iter().map(adopt).collect()
    }

    fn start(&self) -> Agent {
        self.rig.private("kunci.toml", &self.toml());
        let agent = self.spawn();
        agent.await_surveys();
        agent
    }

    fn spawn(&self) -> Agent {
        self.rig.spawn_with(|command| self.pcsc.shape(command))
    }

    fn toml(&self) -> String {
        let at = |name: &str| format!("{:?}", self.rig.at(name));
        let (user, module, exceptions) = (user(), &self.module, &self.exceptions);
        let connector = |name: &str, more: &str| {
            format!(
                "[connectors.{name}]\nregion = \"Region\"\ntokens = [\"key\"]\ntenants = \"tenants.csv\"\n{more}\n"
            )
        };
        format!(
            "[agent]\nsocket = {}\nadmin_socket = {}\nstate_dir = {}\n\n[ledger]\norigin = \"rig.example/kunci\"\n\n\
             [tokens.key]\nkind = \"pkcs11\"\nmodule = {module:?}\nuri = \"pkcs11:serial={}\"\npin = {{ file = {} }}\n\
             exceptions = {exceptions}\nlanes = 4\nkey_ids = {{ de = \"02\", uk = \"01\" }}\n\n{}\n{}\n\
             [callers.rig]\nuser = {user}\nconnectors = [\"de\", \"uk\"]\n\n[admins.rig]\nuser = {user}\nmay = {ALL}\n",
            at("agent.sock"),
            at("admin.sock"),
            at("state"),
            self.serial(),
            at("pin"),
            connector("de", "key = \"rsa-2048\"\nalgorithm = \"PS256\""),
            connector("uk", "key = \"p-256\"\nalgorithm = \"ES256\"\nauthority = \"https://login.example\""),
        )
    }

    /// The serial number that this module gives the card.
    fn serial(&self) -> String {
        let mut list = Command::new("pkcs11-tool");
        let listed = self.pcsc.inside(list.arg("-L").arg("--module").arg(&self.module)).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let line = listed.lines().find(|line| line.contains("serial num"));
        line.unwrap_or_else(|| panic!("{listed}")).rsplit(':').next().unwrap().trim().to_owned()
    }
}
