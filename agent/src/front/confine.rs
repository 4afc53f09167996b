//! What is left to the front once it is confined: its log, its certificates, and what the kernel says of its callers.
//!
//! No PIN source, no module, no device, no network: sockets come from the supervisor, and the front opens none.

use std::fs::{DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

use token::confine::{self, Files};

pub(super) use token::confine::ConfineError;

/// Calls that would open a way out, or that only a host's module could have a use for.
const OUTWARD: &[i64] = &[
    libc::SYS_socket,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_ioperm,
    libc::SYS_iopl,
];
/// Where certificates are kept, below the state directory.
pub(crate) const CERTIFICATES: &str = "certificates";

/// Confines this process for good; the log in `state` is open already.
pub(super) fn front(state: &Path) -> Result<(), ConfineError> {
    let certificates = state.join(CERTIFICATES);
    make_private(&certificates)
        .map_err(|error| ConfineError::System("make the certificates' folder", error))?;
    confine::undumpable()?;
    confine::no_core()?;
    confine::no_new_privileges()?;
    Files::none().read(["/proc"]).write([state.join("log"), certificates]).confine()?;
    confine::deny(confine::NEVER)?;
    confine::deny(OUTWARD)?;
    confine::deny_forks()
}

fn make_private(folder: &Path) -> std::io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    std::fs::set_permissions(folder, Permissions::from_mode(0o700))
}
