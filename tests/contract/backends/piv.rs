//! A YubiKey's PIV application by `kind = "yubikey-piv"`, through the real pcscd: one with the firmware of today, and one
//! with what most people carry.

use std::process::Command;

use serde_json::{Value, json};
use tests::yubikey::Model;
use tests::{Pcsc, YubiKey};

use crate::backend::{Backend, Lack};
use crate::bench::{Bench, PIN, run};
use crate::cases::certificates::{certify, store};
use crate::connector::CONNECTORS;
use crate::device::Device;
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

/// One with the firmware of today. Debian's yubico-piv-tool cannot change its management key, which is AES.
pub(super) fn recent(bench: &Bench) -> Backend {
    let piv = Piv::start(Model { firmware: "5.7.4", ..Model::default() });
    piv.tool(&["-a", "change-pin", "-P", FACTORY_PIN, "-N", PIN]);
    let section = section(bench, &piv, FACTORY_KEY);
    Backend { section, lacks: &[INITIALISE], is_software: false, ..Backend::of(piv) }
}

/// One of before firmware 5.7, with secrets of its own.
pub(super) fn older(bench: &Bench) -> Backend {
    let piv = Piv::start(Model::default());
    piv.tool(&["-a", "set-mgm-key", "-n", MANAGEMENT_KEY]);
    piv.tool(&["-a", "change-pin", "-P", FACTORY_PIN, "-N", PIN]);
    piv.tool(&["-a", "change-puk", "-P", FACTORY_PUK, "-N", PUK]);
    Backend {
        section: section(bench, &piv, MANAGEMENT_KEY),
        lacks: &OLDER_LACKS,
        is_software: false,
        connectors: CONNECTORS.iter().filter(|one| one.key != "rsa-3072").collect(),
        ..Backend::of(piv)
    }
}

/// The same with keys and certificates, which Kunci made and stored.
pub(super) fn provisioned(bench: &Bench) -> Backend {
    let piv = older(bench);
    let host = Host::start(&bench.config(&piv.section), |command| piv.device.inside(command)).ready();
    for connector in &piv.connectors {
        let id = host.identify(connector.name).unwrap();
        let made = host.generate(connector.name, id).unwrap();
        let (key, public) = (pin_of(&made), made.public_key().unwrap());
        let certificate = certify(&host, connector.name, key, &public, 1);
        store(&host, connector.name, key, &certificate).unwrap();
    }
    drop(host);
    piv
}

fn section(bench: &Bench, piv: &Piv, management_key: &str) -> Value {
    let slots: Value = SLOTS.iter().map(|(name, slot)| (*name, *slot)).collect();
    json!({
        "kind": "yubikey-piv",
        "serial": piv.card.model.serial,
        "management_key": { "file": bench.write("management-key", management_key) },
        "slots": slots,
        "allow_factory_secrets": management_key == FACTORY_KEY,
    })
}

/// A card in a reader.
struct Piv {
    // Dropped in this order: the card before its reader.
    card: YubiKey,
    pcsc: Pcsc,
}

impl Piv {
    fn start(model: Model) -> Self {
        let pcsc = Pcsc::start();
        Self { card: pcsc.yubikey(model), pcsc }
    }

    fn tool(&self, arguments: &[&str]) {
        run(&mut self.pcsc.inside(Command::new("yubico-piv-tool").args(arguments)));
    }
}

impl Device for Piv {
    fn take_away(&mut self) {
        self.card.pull();
    }

    fn put_back(&mut self) {
        self.card.insert();
    }

    fn inside(&self, command: Command) -> Command {
        self.pcsc.inside(&command)
    }
}

pub(super) const INITIALISE: Lack = Lack {
    case: "initialise",
    says: "no blank token",
    why: "a YubiKey has no blank state: its owner gives it a PIN, a PUK and a management key with ykman",
};
const OLDER_LACKS: [Lack; 3] = [
    INITIALISE,
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
