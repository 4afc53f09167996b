//! A YubiKey's PIV application as PKCS#11, by its maker's module and by OpenSC's, each through the real pcscd.
//!
//! Both name keys by their slot, so the configuration names them, and the key is adopted.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tests::rig::library;

use super::piv::{MANAGEMENT_KEY, Piv};
use crate::backend::{Backend, Bench, Connector, Lack, run};

/// Which CKA_ID is whose: both show slot 9a as 01 and 9d as 03, and then each has its own 82 as 05, 9e as 04.
type KeyIds = [(&'static str, &'static str); 3];
const YKCS11: KeyIds = [("ps", "01"), ("rs", "05"), ("es", "03")];
const OPENSC: KeyIds = [("ps", "01"), ("rs", "04"), ("es", "03")];

struct Yubikey {
    piv: Piv,
    module: PathBuf,
    serial: String,
    key_ids: KeyIds,
    exceptions: &'static [&'static str],
    makes_keys: bool,
    lacks: &'static [Lack],
}

/// Its keys are made by the module, for its security officer.
pub(super) fn ykcs11(bench: &Bench) -> Box<dyn Backend> {
    let (piv, module) = (Piv::older(bench), library("libykcs11.so", "ykcs11"));
    let (serial, exceptions) = (serial(&piv, &module), &["generation-unknown", "may-decrypt"]);
    let lacks = &YKCS11_LACKS;
    Box::new(Yubikey { piv, module, serial, key_ids: YKCS11, exceptions, makes_keys: true, lacks })
}

/// Its keys were made by `kind = "yubikey-piv"`, which stored their certificates, too: without one, OpenSC shows no key.
pub(super) fn opensc(bench: &Bench) -> Box<dyn Backend> {
    let (piv, module) = (Piv::provisioned(bench), library("pkcs11/opensc-pkcs11.so", "opensc-pkcs11"));
    let (serial, exceptions) = (
        serial(&piv, &module),
        &["generation-unknown", "not-private", "may-decrypt", "may-unwrap", "may-sign-recover"],
    );
    let lacks = &OPENSC_LACKS;
    Box::new(Yubikey { piv, module, serial, key_ids: OPENSC, exceptions, makes_keys: false, lacks })
}

/// The serial number that this module gives the card.
fn serial(piv: &Piv, module: &Path) -> String {
    let mut tool = Command::new("pkcs11-tool");
    tool.arg("-L").arg("--module").arg(module);
    let listed = run(&mut piv.inside(tool));
    let line = listed.lines().find(|line| line.contains("serial num")).unwrap_or_else(|| panic!("{listed}"));
    line.rsplit(':').next().unwrap().trim().to_owned()
}

impl Backend for Yubikey {
    fn section(&self) -> Value {
        let key_ids: Value = self.key_ids.iter().map(|(name, id)| (*name, *id)).collect();
        json!({
            "kind": "pkcs11",
            "module": self.module,
            "uri": format!("pkcs11:serial={}", self.serial),
            "key_ids": key_ids,
            "exceptions": self.exceptions,
        })
    }

    fn inside(&self, command: Command) -> Command {
        self.piv.inside(command)
    }

    fn take_away(&mut self) {
        self.piv.take_away();
    }

    fn put_back(&mut self) {
        self.piv.put_back();
    }

    fn is_software(&self) -> bool {
        false
    }

    fn connectors(&self) -> Vec<&'static Connector> {
        self.piv.connectors()
    }

    fn maker(&self, connector: &Connector) -> Option<Command> {
        let kind = if connector.key == "p-256" {
            "EC:prime256v1".to_owned()
        } else {
            connector.key.replace('-', ":")
        };
        let own = self.key_ids.iter().find(|(name, _)| *name == connector.name);
        let mut tool = Command::new("pkcs11-tool");
        tool.arg("--module").arg(&self.module).args([
            "--login",
            "--login-type",
            "so",
            "--so-pin",
            MANAGEMENT_KEY,
        ]);
        tool.args(["--keypairgen", "--key-type", &kind, "--id", own.map_or("06", |(_, id)| id)]);
        self.makes_keys.then_some(tool)
    }

    fn lacks(&self) -> &'static [Lack] {
        self.lacks
    }
}

const INITIALISE: Lack = Lack {
    case: "initialise",
    says: "no blank token",
    why: "a YubiKey has no blank state: its owner gives it a PIN, a PUK and a management key with ykman",
};
const CERTIFICATE: Lack = Lack {
    case: "certificate",
    says: "kept in the state directory",
    why: "signed and judged, and not stored on the card, which the module does for no user: the agent keeps it in its \
          state directory",
};
const YKCS11_LACKS: [Lack; 4] = [
    INITIALISE,
    Lack {
        case: "generate rsa-3072",
        says: "C_GenerateKeyPair",
        why: "the module knows RSA of 2048 bits at most",
    },
    CERTIFICATE,
    Lack {
        case: "destroy",
        says: "UserTypeInvalid from C_DestroyObject",
        why: "the module destroys for its security officer only, and the host is never logged in as that",
    },
];
const MAKES_NONE: &str =
    "the module makes no keys: they are made by kind = \"yubikey-piv\" or its maker's tools";
const NONE_MADE: &str = "Kunci makes no key that key_ids names";
const OPENSC_LACKS: [Lack; 6] = [
    INITIALISE,
    Lack { case: "generate rsa-2048", says: NONE_MADE, why: MAKES_NONE },
    Lack { case: "generate rsa-3072", says: "FunctionNotSupported from C_GenerateKeyPair", why: MAKES_NONE },
    Lack { case: "generate p-256", says: NONE_MADE, why: MAKES_NONE },
    CERTIFICATE,
    Lack {
        case: "destroy",
        says: "FunctionNotSupported from C_DestroyObject",
        why: "the module destroys nothing on a PIV card",
    },
];
