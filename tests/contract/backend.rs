//! What a new backend says of itself: its section of the configuration, what it lacks, and how its token is taken away.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use token::control::{HostConfig, Use};

/// The token's label, and its PINs.
pub(crate) const LABEL: &str = "contract";
pub(crate) const PIN: &str = "648219";
pub(crate) const SO_PIN: &str = "12345678";

/// A real token on a bench of its own.
pub(crate) trait Backend {
    /// Its section of the configuration. What all sections have in common is added, and unless it says its kind, what all
    /// of PKCS#11 have.
    fn section(&self) -> Value;

    /// A program as it is run where the token can be reached.
    fn inside(&self, command: Command) -> Command {
        command
    }

    /// Takes the token away. No host runs meanwhile.
    fn take_away(&mut self);

    /// Puts it back.
    fn put_back(&mut self);

    /// Whether its keys are in files or memory, whatever its module says.
    fn is_software(&self) -> bool {
        true
    }

    /// The connectors that have a key on it.
    fn connectors(&self) -> Vec<&'static Connector> {
        CONNECTORS.iter().collect()
    }

    /// The tool that makes a connector's key, where the module makes keys for its security officer only.
    fn maker(&self, _: &Connector) -> Option<Command> {
        None
    }

    /// What it cannot do; each of these cases must fail, and as it is said here.
    fn lacks(&self) -> &'static [Lack] {
        &[]
    }
}

/// A case that a backend does not offer.
pub(crate) struct Lack {
    pub case: &'static str,
    /// What the failed case must say, so that no other failure passes for this one.
    pub says: &'static str,
    pub why: &'static str,
}

/// A folder for one backend: its token's files and the PINs'.
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

    /// What a host of this backend serves.
    pub(crate) fn config(&self, backend: &dyn Backend) -> HostConfig {
        // Keys are made on a machine that does much else besides.
        let mut section = json!({ "deadline": "1m", "pin": { "file": self.at("pin") } });
        let of_pkcs11 = json!({
            "kind": "pkcs11",
            "uri": format!("pkcs11:token={LABEL}"),
            "so_pin": { "file": self.at("so-pin") },
        });
        let own = backend.section();
        let common = if own.get("kind").is_some() { Value::default() } else { of_pkcs11 };
        for fields in [common, own].iter().filter_map(Value::as_object) {
            section.as_object_mut().unwrap().extend(fields.clone());
        }
        HostConfig {
            name: LABEL.parse().unwrap(),
            token: serde_json::from_value(section).unwrap(),
            uses: CONNECTORS.iter().map(Connector::used).collect(),
        }
    }
}

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
