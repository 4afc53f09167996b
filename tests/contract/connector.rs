//! The connectors that the suite makes keys for: one for each kind of key and algorithm.

use std::path::Path;
use std::process::Command;

use serde_json::json;
use token::control::Use;

/// One connector's key.
pub(crate) struct Connector {
    pub name: &'static str,
    pub key: &'static str,
    pub algorithm: &'static str,
}

/// A key for each kind and algorithm.
pub(crate) const CONNECTORS: [Connector; 5] = [
    Connector { name: "ps", key: "rsa-2048", algorithm: "PS256" },
    Connector { name: "rs", key: "rsa-2048", algorithm: "RS256" },
    Connector { name: "long-ps", key: "rsa-3072", algorithm: "PS256" },
    Connector { name: "long-rs", key: "rsa-3072", algorithm: "RS256" },
    Connector { name: "es", key: "p-256", algorithm: "ES256" },
];

impl Connector {
    /// The connector of this name.
    pub(crate) fn named(name: &str) -> &'static Self {
        CONNECTORS.iter().find(|connector| connector.name == name).unwrap()
    }

    pub(crate) fn used(&self) -> Use {
        let Self { name, key, algorithm } = self;
        let used = json!({ "connector": name, "key": key, "algorithm": algorithm });
        serde_json::from_value(used).unwrap()
    }

    /// OpenSC's tool, told to make its key through this module under this CKA_ID: who logs in is still to be said.
    pub(crate) fn keygen(&self, module: &Path, id: &str) -> Command {
        let kind = if self.key == "p-256" { "EC:prime256v1" } else { &self.key.replace('-', ":") };
        let mut tool = Command::new("pkcs11-tool");
        tool.arg("--module").arg(module).args(["--login", "--keypairgen", "--key-type", kind, "--id", id]);
        tool
    }
}
