//! The built `kunci`, in a folder of its own and with no word from the environment.
#![allow(clippy::unwrap_used, clippy::expect_used, dead_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a configuration, and the command that reads it.
pub(crate) struct Bench(TempDir);

/// What a command did.
pub(crate) struct Done {
    /// Its exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Bench {
    /// A folder with a whole configuration of one connector.
    pub(crate) fn new() -> Self {
        let bench = Self(tempfile::tempdir().unwrap());
        bench.write(
            "de.csv",
            "tenant,client_id,object_id\ncontoso.onmicrosoft.com,2f0c1a52-6b1d-4f0e-8a27-6f6f5f0d9a01,\n",
        );
        bench.write("module.so", "");
        bench.write("kunci.toml", &bench.config("lanes = 2"));
        bench
    }

    /// The configuration, with a line of the token's.
    pub(crate) fn config(&self, line: &str) -> String {
        let dir = self.0.path().display();
        format!(
            r#"[agent]
socket = "{dir}/agent.sock"
admin_socket = "{dir}/admin.sock"
state_dir = "{dir}/state"
allow_software_tokens = true
[ledger]
origin = "vendor.example/kunci"
[tokens.frankfurt]
kind = "pkcs11"
module = "{dir}/module.so"
uri = "pkcs11:token=frankfurt"
pin = {{ prompt = true }}
{line}
[connectors.de]
region = "Germany"
tokens = ["frankfurt"]
key = "rsa-2048"
algorithm = "PS256"
tenants = "de.csv"
"#
        )
    }

    /// A file's path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file that only we can write.
    pub(crate) fn write(&self, name: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt;
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Runs the built command with the folder's configuration.
    pub(crate) fn kunci(&self, arguments: &[&str]) -> Done {
        self.run(Path::new(env!("CARGO_BIN_EXE_kunci")), arguments)
    }

    /// Runs a copy of it.
    pub(crate) fn run(&self, binary: &Path, arguments: &[&str]) -> Done {
        let mut command = Command::new(binary);
        command
            .args(arguments)
            .env_clear()
            .env("KUNCI_CONFIG", self.path("kunci.toml"))
            .current_dir(self.0.path());
        Done::of(command.output().unwrap(), self.0.path())
    }
}

impl Done {
    /// The folder's own name is left out, so that what was said can be compared.
    fn of(output: Output, dir: &Path) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap().replace(&dir.display().to_string(), "DIR");
        Self { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The problem on standard error, which is nothing else.
    pub(crate) fn problem(&self) -> Value {
        serde_json::from_str(&self.err).unwrap()
    }
}
