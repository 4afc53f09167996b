//! System calls that are taken away, by seccomp: those that reach into other processes, change what is mounted, load
//! code into the kernel or start programs.
//!
//! A deny-list, because vendors' modules need the rest and no one can list it for them. What is denied answers EPERM;
//! clone3, whose flags a filter cannot see, answers ENOSYS, so that the C library falls back to clone.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use super::ConfineError;

/// What no process of ours but the supervisor has a use for.
pub const NEVER: &[i64] = &[
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_open_by_handle_at,
    libc::SYS_io_uring_setup,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
];

/// Answers EPERM to these system calls, in this thread and those that it starts.
pub fn deny(calls: &[i64]) -> Result<(), ConfineError> {
    install(calls.iter().map(|call| (*call, Vec::new())).collect(), libc::EPERM)
}

/// Leaves local sockets and takes away all others.
pub fn deny_network() -> Result<(), ConfineError> {
    let local = u64::from(libc::AF_UNIX.unsigned_abs());
    let other = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, local);
    let other = SeccompRule::new(vec![other.map_err(seccompiler::Error::from)?]);
    install(BTreeMap::from([(libc::SYS_socket, vec![other.map_err(seccompiler::Error::from)?])]), libc::EPERM)
}

/// Leaves threads and takes away new processes.
pub fn deny_forks() -> Result<(), ConfineError> {
    let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
    let no_thread = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(thread), 0);
    let no_thread = SeccompRule::new(vec![no_thread.map_err(seccompiler::Error::from)?]);
    let mut rules = BTreeMap::from([(libc::SYS_clone, vec![no_thread.map_err(seccompiler::Error::from)?])]);
    #[cfg(target_arch = "x86_64")]
    rules.extend([(libc::SYS_fork, Vec::new()), (libc::SYS_vfork, Vec::new())]);
    install(rules, libc::EPERM)?;
    install(BTreeMap::from([(libc::SYS_clone3, Vec::new())]), libc::ENOSYS)
}

fn install(rules: BTreeMap<i64, Vec<SeccompRule>>, errno: i32) -> Result<(), ConfineError> {
    let backend = |error| ConfineError::Syscalls(seccompiler::Error::from(error));
    let architecture = std::env::consts::ARCH.try_into().map_err(backend)?;
    let answer = SeccompAction::Errno(errno.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, answer, architecture).map_err(backend)?;
    let program: BpfProgram = filter.try_into().map_err(backend)?;
    Ok(seccompiler::apply_filter(&program)?)
}
