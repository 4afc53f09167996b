//! A YubiKey's PIV application as PKCS#11, by its maker's module and by OpenSC's, each through the real pcscd.
//!
//! Both name keys by their slot, so the configuration names them, and the key is adopted.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tests::rig::library;

use super::piv::{self, INITIALISE, MANAGEMENT_KEY};
use crate::backend::{Backend, Lack};
use crate::bench::{Bench, run};
use crate::connector::Connector;

/// Which CKA_ID is whose: both show slot 9a as 01 and 9d as 03, and then each has its own 82 as 05, 9e as 04.
type KeyIds = [(&'static str, &'static str); 3];
const YKCS11: KeyIds = [("ps", "01"), ("rs", "05"), ("es", "03")];
const OPENSC: KeyIds = [("ps", "01"), ("rs", "04"), ("es", "03")];

/// Its keys are made by the module, for its security officer.
pub(super) fn ykcs11(bench: &Bench) -> Backend {
    let (piv, module) = (piv::older(bench), library("libykcs11.so", "ykcs11"));
    let section = section(&piv, &module, YKCS11, &["generation-unknown", "may-decrypt"]);
    let maker = move |connector: &Connector| {
        let own = YKCS11.iter().find(|(name, _)| *name == connector.name);
        let mut tool = connector.keygen(&module, own.map_or("06", |(_, id)| id));
        tool.args(["--login-type", "so", "--so-pin", MANAGEMENT_KEY]);
        tool
    };
    Backend { section, lacks: &YKCS11_LACKS, maker: Some(Box::new(maker)), ..piv }
}

/// Its keys were made by `kind = "yubikey-piv"`, which stored their certificates, too: without one, OpenSC shows no key.
pub(super) fn opensc(bench: &Bench) -> Backend {
    let (piv, module) = (piv::provisioned(bench), library("pkcs11/opensc-pkcs11.so", "opensc-pkcs11"));
    let exceptions = ["generation-unknown", "not-private", "may-decrypt", "may-unwrap", "may-sign-recover"];
    let section = section(&piv, &module, OPENSC, &exceptions);
    Backend { section, lacks: &OPENSC_LACKS, ..piv }
}

fn section(piv: &Backend, module: &Path, key_ids: KeyIds, exceptions: &[&str]) -> Value {
    let key_ids: Value = key_ids.into_iter().collect();
    json!({
        "kind": "pkcs11",
        "module": module,
        "uri": format!("pkcs11:serial={}", serial(piv, module)),
        "key_ids": key_ids,
        "exceptions": exceptions,
    })
}

/// The serial number that this module gives the card.
fn serial(piv: &Backend, module: &Path) -> String {
    let mut tool = Command::new("pkcs11-tool");
    tool.arg("-L").arg("--module").arg(module);
    let listed = run(&mut piv.device.inside(tool));
    let line = listed.lines().find(|line| line.contains("serial num")).unwrap_or_else(|| panic!("{listed}"));
    line.rsplit(':').next().unwrap().trim().to_owned()
}

const CERTIFICATE: Lack = Lack {
    case: "certificate",
    says: "kept in the state directory",
    why: "signed and judged, and not stored on the card, which the module does for no user: the agent keeps it in its \
          state directory",
};
const YKCS11_LACKS: [Lack; 5] = [
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
    Lack {
        case: "checkpoint",
        says: "AttributeValueInvalid from C_GenerateKeyPair",
        why: "the log's key is made by the agent alone, and this module makes keys for its security officer only",
    },
];
const MAKES_NONE: &str =
    "the module makes no keys: they are made by kind = \"yubikey-piv\" or its maker's tools";
const NONE_MADE: &str = "Kunci makes no key that key_ids names";
const OPENSC_LACKS: [Lack; 7] = [
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
    Lack { case: "checkpoint", says: "FunctionNotSupported from C_GenerateKeyPair", why: MAKES_NONE },
];
