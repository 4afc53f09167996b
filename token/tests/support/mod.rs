//! A real SoftHSM2 token in a folder of its own, and a real host process driven as the supervisor would.
//!
//! SoftHSM keeps process-global state, so every host and every direct use of the module is a process of its own: the
//! test binary started again, at the one test that its environment names.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used, missing_docs)]

pub mod host;
pub mod messages;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;
use token::control::{HostConfig, LedgerUse, Use};

pub const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
pub const PIN: &str = "648219";
pub const SO_PIN: &str = "12345678";

/// A folder with SoftHSM's configuration and tokens, PIN files, and a place that no host may reach.
pub struct Bench {
    pub dir: TempDir,
}

impl Bench {
    /// A bench with one token, `bench`, initialised.
    pub fn new() -> Self {
        let bench = Self::blank();
        bench.init_token("bench");
        bench
    }

    /// A bench with no token but SoftHSM's blank one.
    pub fn blank() -> Self {
        assert!(Path::new(MODULE).exists(), "{MODULE} is missing: apt install softhsm2");
        let bench = Self { dir: TempDir::new().unwrap() };
        fs::create_dir(bench.path("tokens")).unwrap();
        fs::create_dir(bench.path("state")).unwrap();
        fs::write(bench.path("state/ledger"), "secret").unwrap();
        let conf = format!("directories.tokendir = {}\nlog.level = ERROR\n", bench.path("tokens").display());
        fs::write(bench.conf(), conf).unwrap();
        bench.write_secret("pin", &format!("{PIN}\n"));
        bench.write_secret("so-pin", SO_PIN);
        bench
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn conf(&self) -> PathBuf {
        self.path("softhsm2.conf")
    }

    pub fn write_secret(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub fn init_token(&self, label: &str) {
        self.softhsm(&["--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", SO_PIN]);
    }

    /// Takes every token out of SoftHSM's folder.
    pub fn unplug(&self) {
        fs::create_dir(self.path("away")).unwrap();
        self.carry("tokens", "away");
    }

    /// Puts them back.
    pub fn plug_in(&self) {
        self.carry("away", "tokens");
    }

    fn carry(&self, from: &str, to: &str) {
        for token in fs::read_dir(self.path(from)).unwrap() {
            let token = token.unwrap();
            fs::rename(token.path(), self.path(to).join(token.file_name())).unwrap();
        }
    }

    /// Imports a PKCS#8 key, as a careless operator would.
    pub fn import(&self, pkcs8: &Path, label: &str, id_hex: &str) {
        let path = pkcs8.to_str().unwrap();
        self.softhsm(&["--import", path, "--token", "bench", "--label", label, "--id", id_hex, "--pin", PIN]);
    }

    fn softhsm(&self, arguments: &[&str]) {
        let mut command = Command::new("softhsm2-util");
        let output = command.args(arguments).env("SOFTHSM2_CONF", self.conf()).output();
        let output = output.expect("softhsm2-util is missing: apt install softhsm2");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }

    /// A host's configuration: two connectors, with the PIN in a file.
    pub fn config(&self) -> HostConfig {
        let token = serde_json::json!({
            "kind": "pkcs11",
            "module": MODULE,
            "uri": "pkcs11:token=bench",
            "pin": { "file": self.path("pin") },
            "so_pin": { "file": self.path("so-pin") },
            "env": { "SOFTHSM2_CONF": self.conf() },
            "paths": [self.path("tokens")],
            "read_paths": [self.conf()],
        });
        HostConfig {
            name: "bench".parse().unwrap(),
            token: serde_json::from_value(token).unwrap(),
            uses: vec![
                used("ps", "rsa-2048", "PS256"),
                used("rs", "rsa-3072", "RS256"),
                used("es", "p-256", "ES256"),
            ],
            ledger: LedgerUse::default(),
            known: None,
        }
    }
}

pub fn used(connector: &str, key: &str, algorithm: &str) -> Use {
    let value = serde_json::json!({ "connector": connector, "key": key, "algorithm": algorithm });
    serde_json::from_value(value).unwrap()
}

/// This test binary again, at one test.
pub fn again(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([test, "--exact", "--nocapture"])
        .env_clear()
        .env("KUNCI_TEST_ROLE", test)
        .stdout(Stdio::null());
    command
}

/// Whether this process was started by [`again`] for this test.
pub fn is_role(test: &str) -> bool {
    std::env::var("KUNCI_TEST_ROLE").is_ok_and(|role| role == test)
}
