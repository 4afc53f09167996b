//! A YubiKey's PIV application by `kind = "yubikey-piv"`, through the real pcscd: one with the firmware of today, and one
//! with what most people carry.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tests::yubikey::Model;
use tests::{Pcsc, YubiKey};

use crate::backend::{Backend, Bench, CONNECTORS, Connector, Lack, PIN, run};
use crate::cases::certificates::{certify, store};
use crate::host::Host;
use crate::life::pin_of;

/// The PIN, PUK and management key that the virtual card comes with, and what it gets in their place.
const FACTORY_PIN: &str = "123456";
const FACTORY_PUK: &str = "12345678";
const FACTORY_KEY: &str = "010203040506070801020304050607080102030405060708";
const PUK: &str = "86421975";
pub(super) const MANAGEMENT_KEY: &str = "a0a1a2a3a4a5a6a7b0b1b2b3b4b5b6b7c0c1c2c3c4c5c6c7";

/// Which slot is whose.
const SLOTS: [(&str, &str); 5] =
    [("ps", "9a"), ("rs", "9e"), ("es", "9d"), ("long-ps", "82"), ("long-rs", "83")];

pub(super) struct Piv {
    // Dropped in this order: the card before its reader.
    card: YubiKey,
    pcsc: Pcsc,
    management_key: PathBuf,
    /// Debian's yubico-piv-tool cannot change a management key of the newer firmware, which is AES.
    is_trial: bool,
}

pub(super) fn recent(bench: &Bench) -> Box<dyn Backend> {
    let piv = Piv::new(bench, Model { firmware: "5.7.4", ..Model::default() }, FACTORY_KEY);
    piv.tool(&["-a", "change-pin", "-P", FACTORY_PIN, "-N", PIN]);
    Box::new(piv)
}

pub(super) fn older(bench: &Bench) -> Box<dyn Backend> {
    Box::new(Piv::older(bench))
}

impl Piv {
    /// One of before firmware 5.7, with secrets of its own.
    pub(super) fn older(bench: &Bench) -> Self {
        let piv = Piv::new(bench, Model::default(), MANAGEMENT_KEY);
        piv.tool(&["-a", "set-mgm-key", "-n", MANAGEMENT_KEY]);
        piv.tool(&["-a", "change-pin", "-P", FACTORY_PIN, "-N", PIN]);
        piv.tool(&["-a", "change-puk", "-P", FACTORY_PUK, "-N", PUK]);
        piv
    }

    /// One that holds keys and certificates already, which Kunci made and stored by this backend.
    pub(super) fn provisioned(bench: &Bench) -> Self {
        let piv = Self::older(bench);
        let host = Host::start(&bench.config(&piv), |command| piv.inside(command)).ready();
        for connector in piv.connectors() {
            let id = host.identify(connector.name).unwrap();
            let made = host.generate(connector.name, id).unwrap();
            let (key, public) = (pin_of(&made), made.public_key().unwrap());
            let certificate = certify(&host, connector.name, key, &public, 1);
            store(&host, connector.name, key, &certificate).unwrap();
        }
        drop(host);
        piv
    }

    fn new(bench: &Bench, model: Model, management_key: &str) -> Self {
        let pcsc = Pcsc::start();
        let card = pcsc.yubikey(model);
        let is_trial = management_key == FACTORY_KEY;
        Self { card, pcsc, management_key: bench.write("management-key", management_key), is_trial }
    }

    fn tool(&self, arguments: &[&str]) {
        run(&mut self.pcsc.inside(Command::new("yubico-piv-tool").args(arguments)));
    }

    fn has_large_rsa(&self) -> bool {
        self.card.model.firmware != Model::default().firmware
    }
}

impl Backend for Piv {
    fn section(&self) -> Value {
        let slots: Value = SLOTS.iter().map(|(name, slot)| (*name, *slot)).collect();
        json!({
            "kind": "yubikey-piv",
            "serial": self.card.model.serial,
            "management_key": { "file": self.management_key },
            "slots": slots,
            "allow_factory_secrets": self.is_trial,
        })
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

    fn is_software(&self) -> bool {
        false
    }

    fn connectors(&self) -> Vec<&'static Connector> {
        CONNECTORS.iter().filter(|one| self.has_large_rsa() || one.key != "rsa-3072").collect()
    }

    fn lacks(&self) -> &'static [Lack] {
        const LACKS: [Lack; 3] = [
            Lack {
                case: "initialise",
                says: "no blank token",
                why: "a YubiKey has no blank state: its owner gives it a PIN, a PUK and a management key with ykman",
            },
            Lack {
                case: "generate rsa-3072",
                says: "come with firmware 5.7",
                why: "RSA-3072 and RSA-4096 come with firmware 5.7; this YubiKey has 5.4.3",
            },
            Lack {
                case: "destroy",
                says: "deletes no key",
                why: "firmware before 5.7 deletes no key: its owner makes a new one in its slot with ykman",
            },
        ];
        if self.has_large_rsa() { &LACKS[..1] } else { &LACKS }
    }
}
