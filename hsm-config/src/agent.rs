//! The agent's own part: its sockets, its state, its limits.
//!
//! The mode of a socket decides only who may connect. Who is answered is decided by policy, from the kernel's word
//! about the peer; so the callers' socket is open to all by default.

use crate::mode::Mode;
use crate::name::Name;
use crate::problem::Fault;
use crate::report::Report;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// The longest path of a socket, in bytes: sun_path of unix(7), without its end.
const MAX_SOCKET_PATH_BYTES: usize = 107;
/// How many connections may be configured.
const CONNECTIONS: RangeInclusive<u32> = 1..=65_536;
/// How the names of the sockets begin that take PINs.
const UNLOCK: &str = "unlock-";

/// The agent itself: its sockets, its state directory and its limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Agent {
    /// The socket that callers connect to. The folder must exist; clients find it by --socket or KUNCI_SOCKET.
    pub socket: PathBuf,
    /// The mode of the callers' socket. It decides only who may connect: rules decide by user, group and unit.
    pub socket_mode: Mode,
    /// The socket of admins and operators. Its neighbours unlock-TOKEN.sock take PINs and are always 0600.
    pub admin_socket: PathBuf,
    /// The mode of the admins' socket.
    pub admin_mode: Mode,
    /// Where the ledger and the PIN attempts are kept.
    pub state_dir: PathBuf,
    /// Accept tokens made of software. True only for trials: status and every report then say SOFTWARE.
    pub allow_software_tokens: bool,
    /// How many connections the agent serves at a time.
    pub max_connections: u32,
    /// How many of them one user may hold.
    pub max_connections_per_uid: u32,
}

impl Default for Agent {
    fn default() -> Self {
        Self {
            socket: "/run/kunci/agent.sock".into(),
            socket_mode: Mode::new(0o666),
            admin_socket: "/run/kunci/admin.sock".into(),
            admin_mode: Mode::new(0o600),
            state_dir: "/var/lib/kunci".into(),
            allow_software_tokens: false,
            max_connections: 1024,
            max_connections_per_uid: 256,
        }
    }
}

impl Agent {
    /// The socket, beside the admins', on which the supervisor takes PINs for `kunci token unlock`.
    pub fn unlock_socket(&self, token: &Name) -> PathBuf {
        self.admin_socket.with_file_name(format!("{UNLOCK}{token}.sock"))
    }

    /// The socket, beside the admins', on which the supervisor is asked for a reload by those who may signal it.
    pub fn reload_socket(&self) -> PathBuf {
        let mut name = OsString::from("reload-");
        name.extend(self.admin_socket.file_name());
        self.admin_socket.with_file_name(name)
    }

    pub(crate) fn check(&self, report: &mut Report<'_>) {
        report.expect("socket", socket(&self.socket));
        report.expect("admin_socket", socket(&self.admin_socket));
        report.expect("socket", self.apart());
        report.expect("state_dir", absolute(&self.state_dir));
        report.expect("max_connections", connections(self.max_connections, *CONNECTIONS.end()));
        report.expect(
            "max_connections_per_uid",
            connections(self.max_connections_per_uid, self.max_connections),
        );
    }

    fn apart(&self) -> Result<(), Fault> {
        let sockets = [&self.socket, &self.admin_socket];
        let unlocks = |path: &&PathBuf| {
            path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(UNLOCK.as_bytes()))
        };
        if self.socket != self.admin_socket && !sockets.iter().any(unlocks) {
            return Ok(());
        }
        let help = format!("give callers and admins each a path of their own, not named {UNLOCK:?} and more");
        Err(Fault::new(
            "duplicate",
            "socket, admin_socket and the unlock sockets are not paths of their own",
            help,
        ))
    }
}

fn socket(path: &Path) -> Result<(), Fault> {
    absolute(path)?;
    if path.as_os_str().len() <= MAX_SOCKET_PATH_BYTES {
        return Ok(());
    }
    let what =
        format!("the path is longer than {MAX_SOCKET_PATH_BYTES} bytes, which is all that a socket can have");
    Err(Fault::new("out-of-range", what, "choose a shorter folder, as /run/kunci"))
}

fn connections(count: u32, most: u32) -> Result<(), Fault> {
    if (*CONNECTIONS.start()..=most).contains(&count) {
        return Ok(());
    }
    let help = format!("write a number from {} to {most}", CONNECTIONS.start());
    Err(Fault::new("out-of-range", format!("{count} connections cannot be served"), help))
}

/// Refuses a path that depends on where a process was started. The path is not quoted: a PIN could stand there.
pub(crate) fn absolute(path: &Path) -> Result<(), Fault> {
    if path.is_absolute() {
        return Ok(());
    }
    Err(Fault::new("relative-path", "the path does not begin with /", "write the whole path"))
}
