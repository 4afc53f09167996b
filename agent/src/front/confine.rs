//! What is left to the front once it is confined: its log, its certificates, and what the kernel says of its callers.
//!
//! No PIN source, no module, no device, no network: sockets come from the supervisor, and the front opens none.

use std::fs::{DirBuilder, File, Permissions};
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
    libc::SYS_semctl,
    libc::SYS_shmctl,
    libc::SYS_msgctl,
    libc::SYS_mq_unlink,
];
/// Where certificates are kept, below the state directory.
pub(crate) const CERTIFICATES: &str = "certificates";

/// Where the ledger lies, below the state directory.
pub(super) const LOG: &str = "log";
/// The mode of both.
const PRIVATE: u32 = 0o700;

/// Confines this process for good, while it has one thread: a thread that runs already would stay outside.
pub(super) fn front(state: &Path) -> Result<(), ConfineError> {
    let [log, certificates] = [LOG, CERTIFICATES].map(|folder| state.join(folder));
    make_private(state, [&log, &certificates])
        .map_err(|error| ConfineError::System("make the folders of the log and the certificates", error))?;
    confine::undumpable()?;
    confine::no_core()?;
    confine::no_new_privileges()?;
    Files::none().read(["/proc"]).write([log, certificates]).confine()?;
    confine::deny(confine::NEVER)?;
    confine::deny(OUTWARD)?;
    confine::deny_others()?;
    confine::deny_forks()
}

/// Rules bind to what is there, so the folders have to be; a log whose folder's name is lost with the power is none.
fn make_private(state: &Path, folders: [&Path; 2]) -> std::io::Result<()> {
    for folder in folders {
        DirBuilder::new().recursive(true).mode(PRIVATE).create(folder)?;
        // A disk that is read-only for now is the ledger's to report, not a reason not to start.
        if std::fs::metadata(folder)?.permissions().mode() & !PRIVATE & 0o777 != 0 {
            std::fs::set_permissions(folder, Permissions::from_mode(PRIVATE))?;
        }
    }
    File::open(state)?.sync_all()
}
