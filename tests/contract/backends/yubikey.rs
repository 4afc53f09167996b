//! A YubiKey's PIV application as PKCS#11, by its maker's module and by OpenSC's, each through the real pcscd.
//!
//! Both name its keys themselves, by slot, so Kunci does not find its own by them: `kind = "yubikey-piv"` is for that.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tests::rig::library;
use tests::yubikey::Model;
use tests::{Pcsc, YubiKey};

use crate::backend::{Backend, Bench, Lack, run};

/// The PIN that the virtual card comes with.
const CARD_PIN: &str = "123456";
const WHY: &str = "it names keys by slot (a one-byte CKA_ID, a fixed label), and Kunci takes a key for its own only by the \
                   identifier and label that it gave: use kind = \"yubikey-piv\"";

struct Yubikey {
    // Dropped in this order: the card before its reader.
    card: YubiKey,
    pcsc: Pcsc,
    module: PathBuf,
    serial: String,
    pin: PathBuf,
}

pub(super) fn ykcs11(bench: &Bench) -> Box<dyn Backend> {
    make(bench, library("libykcs11.so", "ykcs11"))
}

pub(super) fn opensc(bench: &Bench) -> Box<dyn Backend> {
    make(bench, library("pkcs11/opensc-pkcs11.so", "opensc-pkcs11"))
}

fn make(bench: &Bench, module: PathBuf) -> Box<dyn Backend> {
    let pcsc = Pcsc::start();
    let card = pcsc.yubikey(Model::default());
    let mut tool = Command::new("yubico-piv-tool");
    tool.args(["-a", "generate", "-s", "9a", "-A", "ECCP256", "-o"]).arg(bench.at("9a.pem"));
    run(&mut pcsc.inside(&tool));
    let serial = serial(&pcsc, &module);
    Box::new(Yubikey { card, pcsc, module, serial, pin: bench.write("card-pin", CARD_PIN) })
}

/// The serial number that this module gives the card.
fn serial(pcsc: &Pcsc, module: &Path) -> String {
    let listed = run(&mut pcsc.inside(Command::new("pkcs11-tool").arg("-L").arg("--module").arg(module)));
    let line = listed.lines().find(|line| line.contains("serial num")).unwrap_or_else(|| panic!("{listed}"));
    line.rsplit(':').next().unwrap().trim().to_owned()
}

impl Backend for Yubikey {
    fn section(&self) -> Value {
        json!({ "module": self.module, "uri": format!("pkcs11:serial={}", self.serial), "pin": { "file": self.pin } })
    }

    fn inside(&self, command: Command) -> Command {
        self.pcsc.inside(&command)
    }

    fn take_away(&mut self) {
        self.card.pull();
    }

    fn put_back(&mut self) {
        self.card.insert();
    }

    fn lacks(&self) -> &'static [Lack] {
        const LACKS: [Lack; 4] = [
            Lack { case: "find", says: "kunci:ps is not found", why: WHY },
            Lack { case: "sign ps256", says: "no key to sign with", why: WHY },
            Lack { case: "sign rs256", says: "no key to sign with", why: WHY },
            Lack { case: "sign es256", says: "no key to sign with", why: WHY },
        ];
        &LACKS
    }
}
