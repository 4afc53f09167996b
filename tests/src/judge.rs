//! The independent judge of `tests/judge`, and the clients of `tests/clients` that sign in to it.
//!
//! They are installed in `target/` by `make setup`. The judge lives as long as its [`Judge`]; clients trust its
//! certificate, and no proxy stands between.

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

/// A running judge.
pub struct Judge {
    child: Child,
    // The judge ends when this closes.
    stdin: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    folder: PathBuf,
    authority: String,
}

/// What a client's script said, and whether it ended with yes.
#[derive(Debug)]
pub struct Verdict {
    pub yes: bool,
    pub line: Value,
}

/// A client that the judge knows.
pub struct Registered<'a> {
    pub client_id: &'a str,
    pub certificate: PathBuf,
    pub algorithm: &'a str,
}

impl Judge {
    /// Starts a judge with no clients; its files are in `folder`.
    pub fn start(folder: &Path) -> Self {
        let tls = Command::new("sh").arg(source("judge/make-tls.sh")).arg(folder).status().unwrap();
        assert!(tls.success(), "make-tls.sh failed");
        fs::write(folder.join("clients.json"), "[]").unwrap();
        let mut child = Command::new(node())
            .arg(installed("judge/judge.mjs"))
            .args(["--until-stdin-closes", "--tls-key"])
            .arg(folder.join("tls.key"))
            .arg("--tls-cert")
            .arg(folder.join("tls.crt"))
            .arg("--clients")
            .arg(folder.join("clients.json"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node is missing: run make setup");
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().unwrap());
        let mut judge = Self {
            child,
            stdin,
            lines: BufReader::new(stdout).lines(),
            folder: folder.to_owned(),
            authority: String::new(),
        };
        judge.authority = judge.verdict()["authority"].as_str().expect("the judge is ready").to_owned();
        judge
    }

    /// Where it is: `https://localhost:PORT`.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The token endpoint of a tenant.
    pub fn endpoint(&self, tenant: &str) -> String {
        format!("{}/{tenant}/oauth2/v2.0/token", self.authority)
    }

    /// Makes these, and no others, the judge's clients.
    pub fn know(&self, clients: &[Registered<'_>]) {
        let entry = |one: &Registered<'_>| json!({ "client_id": one.client_id, "certificate": one.certificate, "alg": one.algorithm });
        let list = Value::Array(clients.iter().map(entry).collect());
        fs::write(self.folder.join("clients.new"), list.to_string()).unwrap();
        fs::rename(self.folder.join("clients.new"), self.folder.join("clients.json")).unwrap();
    }

    /// The judge's next line.
    pub fn verdict(&mut self) -> Value {
        let line = self.lines.next().expect("the judge ended").unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// Runs a script of `tests/clients`.
    pub fn client(&self, script: &str, arguments: &[&str]) -> Verdict {
        let output = Command::new(python())
            .arg(source("clients").join(script))
            .args(arguments)
            .env("REQUESTS_CA_BUNDLE", self.folder.join("tls.crt"))
            .env("NO_PROXY", "localhost")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .unwrap();
        let line = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{script} {arguments:?} gave no verdict: {output:?}"));
        Verdict { yes: output.status.success(), line }
    }
}

impl Drop for Judge {
    fn drop(&mut self) {
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

impl Verdict {
    /// The claims of what was given.
    #[track_caller]
    pub fn granted(self) -> Value {
        assert!(self.yes, "{}", self.line);
        self.line["claims"].clone()
    }

    /// The server's reason for a refusal.
    #[track_caller]
    pub fn refused(self) -> String {
        assert!(!self.yes && self.line["by"] == "server", "{}", self.line);
        self.line["error_detail"].as_str().unwrap_or_default().to_owned()
    }
}

/// A file of this crate.
pub fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// What `make setup` put into `target/`.
pub fn installed(path: &str) -> PathBuf {
    let path = target().join(path);
    assert!(path.exists(), "{} is missing: run make setup", path.display());
    path
}

/// The Python that the clients run with.
pub fn python() -> PathBuf {
    installed("clients-venv/bin/python")
}

/// A newer Node that `make setup` installed, or the system's.
pub fn node() -> PathBuf {
    let ours = target().join("node/bin/node");
    if ours.exists() { ours } else { PathBuf::from("node") }
}

fn target() -> PathBuf {
    let of_this_test = || std::env::current_exe().ok()?.ancestors().nth(3).map(Path::to_owned);
    std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from).or_else(of_this_test).unwrap()
}
