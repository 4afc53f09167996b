//! System calls that are taken away, by seccomp: those that reach into other processes, change what is mounted or the time, load
//! code into the kernel or start programs.
//!
//! A deny-list, because vendors' modules need the rest and no one can list it for them. What is denied answers EPERM;
//! clone3, whose flags a filter cannot see, answers ENOSYS, so that the C library falls back to clone.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use super::ConfineError;

/// Where the number stands in seccomp_data (seccomp(2)), and the bit that makes it one of the x32 ABI (syscall(2)).
#[cfg(target_arch = "x86_64")]
const NUMBER: u32 = 0;
#[cfg(target_arch = "x86_64")]
const X32: u32 = 0x4000_0000;

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
    libc::SYS_quotactl_fd,
    libc::SYS_fanotify_init, // may hold up whoever opens a file
    libc::SYS_clock_settime, // by the clock, messages are dated
    libc::SYS_clock_adjtime,
    libc::SYS_settimeofday,
    libc::SYS_adjtimex,
];

/// Answers EPERM to these system calls, in this thread and those that it starts.
pub fn deny(calls: &[i64]) -> Result<(), ConfineError> {
    install(calls.iter().map(|call| (*call, Vec::new())).collect(), libc::EPERM)
}

/// Leaves threads and takes away new processes.
pub fn deny_forks() -> Result<(), ConfineError> {
    let thread = libc::CLONE_THREAD.unsigned_abs();
    let no_thread = rule(&[argument(0, SeccompCmpOp::MaskedEq(thread.into()), 0)?])?;
    let mut rules = BTreeMap::from([(libc::SYS_clone, vec![no_thread])]);
    #[cfg(target_arch = "x86_64")]
    rules.extend([(libc::SYS_fork, Vec::new()), (libc::SYS_vfork, Vec::new())]);
    install(rules, libc::EPERM)?;
    install(BTreeMap::from([(libc::SYS_clone3, Vec::new())]), libc::ENOSYS)
}

/// Whether an argument, of 32 bits, compares so; the first one is 0.
pub(super) fn argument(at: u8, compares: SeccompCmpOp, with: u32) -> Result<SeccompCondition, ConfineError> {
    let condition = SeccompCondition::new(at, SeccompCmpArgLen::Dword, compares, with.into());
    Ok(condition.map_err(seccompiler::Error::from)?)
}

/// A rule for what meets all of these.
pub(super) fn rule(conditions: &[SeccompCondition]) -> Result<SeccompRule, ConfineError> {
    Ok(SeccompRule::new(conditions.to_vec()).map_err(seccompiler::Error::from)?)
}

/// Answers this errno to the calls that a rule is for.
pub(super) fn install(rules: BTreeMap<i64, Vec<SeccompRule>>, errno: i32) -> Result<(), ConfineError> {
    let backend = |error| ConfineError::Syscalls(seccompiler::Error::from(error));
    let architecture = std::env::consts::ARCH.try_into().map_err(backend)?;
    let answer = SeccompAction::Errno(errno.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, answer, architecture).map_err(backend)?;
    let program: BpfProgram = filter.try_into().map_err(backend)?;
    Ok(seccompiler::apply_filter(&guarded(program))?)
}

/// The program behind one that refuses the x32 ABI, whose numbers no filter names and many kernels answer to.
#[cfg(target_arch = "x86_64")]
fn guarded(program: BpfProgram) -> BpfProgram {
    let code = |code: u32| u16::try_from(code).unwrap_or_default();
    let one = |code, jf, k| seccompiler::sock_filter { code, jt: 0, jf, k };
    let guard = [
        one(code(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS), 0, NUMBER),
        one(code(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K), 1, X32),
        one(code(libc::BPF_RET | libc::BPF_K), 0, libc::SECCOMP_RET_ERRNO | libc::EPERM.unsigned_abs()),
    ];
    guard.into_iter().chain(program).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn guarded(program: BpfProgram) -> BpfProgram {
    program
}
