//! Memory that is never written to the swap, for processes that hold a PIN.
//!
//! All of it is locked, since a vendor's module copies the PIN where it likes. A limit on locked memory would later make
//! the module's own allocations fail, so it is locked only where nothing limits it: `RLIMIT_MEMLOCK` is or can be made
//! unlimited, or the process may ignore it (CAP_IPC_LOCK). See mlockall(2).

use rustix::io::Result;
use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Locks what this process has and will have, page by page as it is touched; whether that could be done.
pub fn lock_memory() -> bool {
    let before = getrlimit(Resource::Memlock);
    // With a limit of nothing, only the capability lets the call through; else there is no limit at all.
    let wanted = if before.maximum.is_none() { None } else { Some(0) };
    let locked = limit(Rlimit { current: wanted, ..before })
        .and_then(|()| mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT));
    // A limit that cannot be put back is only stricter than before.
    let _ = limit(before);
    locked.is_ok()
}

fn limit(limit: Rlimit) -> Result<()> {
    setrlimit(Resource::Memlock, limit)
}
