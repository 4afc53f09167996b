//! The bench's own installation: a token, a configuration and a tenants file, in a folder that is made anew.
//!
//! Everything lies under the build's folder and so on a real disk: on a memory file system every fdatasync is free.

use crate::algorithm::Algorithm;
use crate::http;
use crate::problem::Problem;
use crate::reference::Reference;
use hsm_config::TenantsFile;
use nix::unistd::{Uid, User};
use std::env;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use token::random;

/// How many tenants the front holds for each connector while it is measured.
const TENANTS: usize = 100_000;
/// How many of them the requests name in turn.
const ASKED: usize = 500;

/// Where things are.
pub(crate) struct Places {
    /// Where the figures go.
    pub(crate) out: PathBuf,
    /// The bench's installation.
    pub(crate) state: PathBuf,
    /// Where `kunci` and `kunci-agent` are.
    pub(crate) bin_dir: PathBuf,
}

impl Places {
    /// Beside this program, unless said otherwise. What an earlier run left is removed.
    pub(crate) fn find(out: Option<&Path>, bin_dir: Option<&Path>) -> Result<Self, Problem> {
        let this = env::current_exe().map_err(Problem::io("find this program"))?;
        let beside = this.parent().unwrap_or(Path::new("/"));
        let out = out.map_or_else(|| beside.with_file_name("bench"), Path::to_owned);
        let out = std::path::absolute(out).map_err(Problem::io("find the folder for the figures"))?;
        let state = out.join("state");
        if state.exists() {
            fs::remove_dir_all(&state).map_err(Problem::at("remove", &state))?;
        }
        fs::create_dir_all(&out).map_err(Problem::at("create", &out))?;
        for folder in [state.clone(), state.join("tokens"), state.join("ledger")] {
            DirBuilder::new().mode(0o700).create(&folder).map_err(Problem::at("create", &folder))?;
        }
        Ok(Self { out, state, bin_dir: bin_dir.unwrap_or(beside).to_owned() })
    }
}

/// A token and an agent's configuration for it.
pub(crate) struct Site {
    pub(crate) reference: Reference,
    pub(crate) config: PathBuf,
    pub(crate) socket: PathBuf,
    /// What all connectors' tables of tenants take, in MiB.
    pub(crate) tables_mib: f64,
}

impl Site {
    /// Makes the token, and writes the configuration that names it.
    pub(crate) fn make(places: &Places, module: &Path, lanes: u8) -> Result<Self, Problem> {
        let at = |name: &str| places.state.join(name);
        let reference =
            Reference { module: module.to_owned(), softhsm_conf: at("softhsm2.conf"), pin_file: at("pin") };
        let tokens = at("tokens");
        write(
            &reference.softhsm_conf,
            &format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display()),
        )?;
        write(&reference.pin_file, &random_pin())?;
        write(&at("tenants.csv"), &tenants())?;
        let table = TenantsFile::load(&at("tenants.csv"));
        let table = table.map_err(|problems| Problem::Agent(problems.to_string()))?.size();
        let tables_mib = (table * Algorithm::ALL.len()) as f64 / f64::from(1 << 20);
        let serial = reference.make()?;
        let site = Self { reference, config: at("kunci.toml"), socket: at("agent.sock"), tables_mib };
        write(&site.config, &site.toml(&places.state, &serial, lanes)?)?;
        Ok(site)
    }

    /// The requests that the load generator sends in turn.
    pub(crate) fn requests(&self, algorithm: Algorithm) -> Vec<Vec<u8>> {
        let rows = (0..TENANTS).step_by(TENANTS / ASKED);
        rows.map(|row| http::assertion_request(algorithm, &guid(row, 1), &guid(row, 2))).collect()
    }

    fn toml(&self, state: &Path, serial: &str, lanes: u8) -> Result<String, Problem> {
        let quoted = |path: &Path| serde_json::Value::from(path.to_string_lossy()).to_string();
        let user = User::from_uid(Uid::current()).map_err(Problem::io("look this user up"))?;
        let user = user.ok_or_else(|| Problem::Agent("this user has no name".to_owned()))?.name;
        Ok(format!(
            r#"# Written by kunci-bench.
[agent]
socket = {socket}
admin_socket = {admin_socket}
state_dir = {ledger}
allow_software_tokens = true

[ledger]
origin = "bench.example/kunci"
token = "softhsm"

[tokens.softhsm]
kind = "pkcs11"
module = {module}
uri = "pkcs11:token={label};serial={serial}"
pin = {{ file = {pin} }}
lanes = {lanes}
env = {{ SOFTHSM2_CONF = {conf} }}
paths = [{tokens}]
read_paths = [{conf}]
{ps}{es}
[callers.bench]
user = "{user}"
connectors = ["{ps_name}", "{es_name}"]

[admins.bench]
user = "{user}"
may = ["provision", "reload"]
"#,
            socket = quoted(&self.socket),
            admin_socket = quoted(&state.join("admin.sock")),
            ledger = quoted(&state.join("ledger")),
            module = quoted(&self.reference.module),
            label = crate::softtoken::LABEL,
            pin = quoted(&self.reference.pin_file),
            conf = quoted(&self.reference.softhsm_conf),
            tokens = quoted(&state.join("tokens")),
            ps = connector(Algorithm::PS256, "rsa-2048"),
            es = connector(Algorithm::ES256, "p-256"),
            ps_name = Algorithm::PS256.connector(),
            es_name = Algorithm::ES256.connector(),
        ))
    }
}

/// Both connectors trust the same authority; not Entra, which takes no EC keys.
fn connector(algorithm: Algorithm, key: &str) -> String {
    let (name, algorithm) = (algorithm.connector(), algorithm.name());
    format!(
        r#"
[connectors.{name}]
region = "Bench"
tokens = ["softhsm"]
key = "{key}"
algorithm = "{algorithm}"
authority = "https://login.example"
tenants = "tenants.csv"
"#
    )
}

fn tenants() -> String {
    let row = |row| format!("{},{},{}\n", guid(row, 1), guid(row, 2), guid(row, 3));
    let rows = (0..TENANTS).map(row);
    std::iter::once("tenant,client_id,object_id\n".to_owned()).chain(rows).collect()
}

/// A GUID for a row and column, its first digits spread so that neighbours in the file are none in an index.
fn guid(row: usize, column: usize) -> String {
    let spread = (row as u32).wrapping_mul(0x9e37_79b1);
    format!("{spread:08x}-000{column}-4000-8000-{row:012x}")
}

fn random_pin() -> String {
    random::<8>().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a file for this user's eyes only.
fn write(path: &Path, text: &str) -> Result<(), Problem> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(Problem::at("write", path))
}
