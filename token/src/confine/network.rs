//! The network, taken away from a process whose business is local.
//!
//! Seccomp lets it make sockets of the file system's family only, whatever protocol the others would speak. Landlock, where
//! it knows the network, also closes TCP and UDP to sockets that come by another way: inherited, or passed on by a local
//! socket. Local sockets stay: pcscd, tpm2-abrmd and p11-kit are reached by them.

use std::collections::BTreeMap;

use landlock::{ABI, Access, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr};
use seccompiler::SeccompCmpOp;

use super::ConfineError;
use super::syscalls::{argument, install, rule};

/// The newest Landlock that we know; older kernels enforce what they can, down to nothing.
const NEWEST: ABI = ABI::V10;

/// Leaves local sockets to this thread and those that it starts, and takes away all others.
pub fn deny_network() -> Result<(), ConfineError> {
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessNet::from_all(NEWEST))?
        .create()?
        .restrict_self()?;
    let other = vec![rule(&[argument(0, SeccompCmpOp::Ne, libc::AF_UNIX.unsigned_abs())?])?];
    let calls = [libc::SYS_socket, libc::SYS_socketpair];
    install(BTreeMap::from(calls.map(|call| (call, other.clone()))), libc::EPERM)
}
