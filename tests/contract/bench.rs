//! A folder for one backend, with what its token is made of, and the PINs.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use token::control::{HostConfig, LedgerUse};

use crate::cases::checkpoint::ORIGIN;
use crate::connector::{CONNECTORS, Connector};

/// The token's label, and its PINs.
/// How long a host may take for an answer, in seconds: keys are made on a machine that does much else besides.
pub(crate) const DEADLINE_S: i64 = 60;
pub(crate) const LABEL: &str = "contract";
pub(crate) const PIN: &str = "64821973";
pub(crate) const SO_PIN: &str = "12345678";

/// A folder that ends with its backend.
pub(crate) struct Bench {
    folder: TempDir,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let bench = Self { folder: tempfile::Builder::new().prefix("kunci-").tempdir().unwrap() };
        bench.write("pin", PIN);
        bench.write("so-pin", SO_PIN);
        bench
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A folder on the bench that only we can enter.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        fs::DirBuilder::new().mode(0o700).create(self.at(name)).unwrap();
        self.at(name)
    }

    /// A file on the bench that only we can read, written in place.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let mut file = fs::OpenOptions::new();
        let file = file.write(true).create(true).truncate(true).mode(0o600).open(self.at(name));
        file.unwrap().write_all(text.as_bytes()).unwrap();
        self.at(name)
    }

    /// The same path for a command line.
    pub(crate) fn text_path(&self, name: &str) -> String {
        self.at(name).to_str().unwrap().to_owned()
    }

    /// What a host serves whose token has this section.
    pub(crate) fn config(&self, own: &Value) -> HostConfig {
        let mut section = json!({ "deadline": format!("{DEADLINE_S}s"), "pin": { "file": self.at("pin") } });
        let of_pkcs11 = json!({
            "kind": "pkcs11",
            "uri": format!("pkcs11:token={LABEL}"),
            "so_pin": { "file": self.at("so-pin") },
        });
        let common = if own.get("kind").is_some() { &Value::Null } else { &of_pkcs11 };
        for fields in [common, own].into_iter().filter_map(Value::as_object) {
            section.as_object_mut().unwrap().extend(fields.clone());
        }
        HostConfig {
            name: LABEL.parse().unwrap(),
            token: serde_json::from_value(section).unwrap(),
            uses: CONNECTORS.iter().map(Connector::used).collect(),
            ledger: LedgerUse { origin: Some(ORIGIN.into()), keys: Vec::new() },
            known: None,
        }
    }
}

/// Runs a program, which must succeed; what it printed.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A file that `make setup` built, below the folder of all builds.
pub(crate) fn built(name: &str) -> PathBuf {
    let beside = std::env::current_exe().unwrap();
    let path = beside.ancestors().nth(2).unwrap().join(name);
    assert!(path.exists(), "{} is missing: run make setup", path.display());
    path
}
