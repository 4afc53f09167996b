//! Soft tokens, initialised, and the process that makes keys on them by hand.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;
use token::control::HostConfig;

use crate::maker::{CONF, MADE, MODULE, ORDER};
use crate::support::{self, Bench, PIN, again, used};

const LABEL: &str = "bench";

/// A soft token in a folder of its own.
pub struct Soft {
    pub name: &'static str,
    folder: TempDir,
    module: PathBuf,
    /// The variable that names the module's configuration, which is `conf` in the folder.
    variable: &'static str,
}

pub fn softhsm2() -> Soft {
    let Bench { dir } = Bench::new();
    fs::rename(dir.path().join("softhsm2.conf"), dir.path().join("conf")).unwrap();
    Soft { name: "softhsm2", folder: dir, module: support::MODULE.into(), variable: "SOFTHSM2_CONF" }
}

pub fn kryoptic() -> Soft {
    let Bench { dir } = Bench::blank();
    let store = dir.path().join("tokens/token.sql");
    let text = format!(
        "[ec_point_encoding]\nencoding = \"Der\"\n\n[[slots]]\nslot = 1\ndbtype = \"sqlite\"\ndbargs = {store:?}\n"
    );
    fs::write(dir.path().join("conf"), text).unwrap();
    let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
    let module = target.join("kryoptic/release/libkryoptic_pkcs11.so");
    assert!(module.exists(), "{} is missing: run make setup", module.display());
    let soft = Soft { name: "kryoptic", folder: dir, module, variable: "KRYOPTIC_CONF" };
    soft.make("token");
    soft
}

impl Soft {
    /// Has a process of its own make something on the token; the names of what the module took.
    pub fn make(&self, order: &str) -> BTreeSet<String> {
        let made = self.folder.path().join("made");
        let mut maker = again("maker_process");
        maker.env(MODULE, &self.module).env(ORDER, order).env(MADE, &made);
        maker.env(self.variable, self.folder.path().join("conf")).env(CONF, LABEL);
        assert!(maker.status().unwrap().success(), "{order} of {}", self.name);
        serde_json::from_slice(&fs::read(made).unwrap()).unwrap()
    }

    pub fn config(&self) -> HostConfig {
        let at = |name: &str| self.folder.path().join(name);
        let token = serde_json::json!({
            "kind": "pkcs11",
            "module": self.module,
            "uri": format!("pkcs11:token={LABEL}"),
            "pin": { "file": at("pin") },
            "env": { self.variable: at("conf") },
            "paths": [at("tokens")],
            "read_paths": [at("conf")],
        });
        HostConfig {
            name: LABEL.parse().unwrap(),
            token: serde_json::from_value(token).unwrap(),
            uses: vec![
                used("ps", "rsa-2048", "PS256"),
                used("rs", "rsa-2048", "RS256"),
                used("es", "p-256", "ES256"),
            ],
            ledger: Default::default(),
            known: None,
        }
    }
}

/// The PIN of every bench.
pub const USER_PIN: &str = PIN;
