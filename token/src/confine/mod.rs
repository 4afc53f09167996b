//! What a process of ours takes away from itself, in small pieces that the front and the hosts share.
//!
//! Nothing here can be undone by the process, and all of it is inherited by its threads. Call it while there is one
//! thread: Landlock and seccomp bind the calling thread and those that it starts.

mod files;
mod memory;
mod network;
mod others;
mod syscalls;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use rustix::thread::set_no_new_privs;

pub use files::Files;
pub use memory::lock_memory;
pub use network::deny_network;
pub use others::deny_others;
pub use syscalls::{NEVER, deny, deny_forks};

/// Why a process could not confine itself. It must not go on.
#[derive(Debug, thiserror::Error)]
pub enum ConfineError {
    /// A system call failed.
    #[error("cannot {0}: {1}")]
    System(&'static str, #[source] std::io::Error),
    /// The kernel has no Landlock.
    #[error(
        "this kernel runs without Landlock: start it with lsm=landlock, before all that /sys/kernel/security/lsm lists now (CONFIG_SECURITY_LANDLOCK, Linux 5.13 or later)"
    )]
    NoLandlock,
    /// Landlock refused the rules.
    #[error("cannot confine files: {0}")]
    Files(#[from] landlock::RulesetError),
    /// The filter of system calls could not be made or installed.
    #[error("cannot confine system calls: {0}")]
    Syscalls(#[from] seccompiler::Error),
}

/// No other process of this user may trace us, or read our memory.
pub fn undumpable() -> Result<(), ConfineError> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|e| ConfineError::System("forbid dumps", e.into()))
}

/// No crash writes our memory to a file.
pub fn no_core() -> Result<(), ConfineError> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none).map_err(|e| ConfineError::System("forbid core files", e.into()))
}

/// No program that we might start gains rights, which Landlock and seccomp need.
pub fn no_new_privileges() -> Result<(), ConfineError> {
    set_no_new_privs(true).map_err(|e| ConfineError::System("forbid new privileges", e.into()))
}
