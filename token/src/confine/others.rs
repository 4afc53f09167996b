//! Other processes of the same user, out of reach: no signal, no priority, no limit and no terminal of theirs.
//!
//! The kernel asks for no more than the same user where a process signals, slows or moves another, and all processes of ours
//! have one. What acts on the caller itself stays, named by a process or thread id of 0: a module that pins another of its own
//! threads by that one's id is refused, since a filter cannot tell whose id it is. Landlock, from Linux 6.12 on, keeps signals
//! in besides ([`Files`](super::Files)).

use std::collections::BTreeMap;

use seccompiler::SeccompCmpOp::{Eq, MaskedEq, Ne};
use seccompiler::{SeccompCondition, SeccompRule};

use super::ConfineError;
use super::syscalls::{argument, install, rule};

/// Calls whose first argument is the process that they signal.
const SIGNALS: [i64; 4] =
    [libc::SYS_kill, libc::SYS_tgkill, libc::SYS_rt_sigqueueinfo, libc::SYS_rt_tgsigqueueinfo];
/// Calls that reach another process by a thread id alone, by a pidfd, or by the group that it is in.
const ALWAYS_OTHERS: [i64; 5] = [
    libc::SYS_tkill,
    libc::SYS_pidfd_send_signal,
    libc::SYS_process_madvise,
    libc::SYS_process_mrelease,
    libc::SYS_setpgid,
];
/// Calls whose first argument is a process or thread, and 0 the caller's own: limits, processors, scheduling, where memory lies.
const OF_A_PROCESS: [i64; 7] = [
    libc::SYS_prlimit64,
    libc::SYS_sched_setaffinity,
    libc::SYS_sched_setscheduler,
    libc::SYS_sched_setparam,
    libc::SYS_sched_setattr,
    libc::SYS_move_pages,
    libc::SYS_migrate_pages,
];
/// Calls whose first argument says what the second one names, and the first argument that means a thread: there are those for a
/// group, and for all processes of a user.
const OF_A_KIND: [(i64, u32); 2] = [(libc::SYS_setpriority, 0), (libc::SYS_ioprio_set, IOPRIO_WHO_PROCESS)];
/// ioprio_set(2).
const IOPRIO_WHO_PROCESS: u32 = 1;
/// Commands of fcntl(2) that choose who gets a descriptor's signals, and which ones; and a lease, for which whoever opens the file
/// has to wait. Numbers of asm-generic/fcntl.h.
const FCNTL: [u32; 4] = [F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE];
const F_SETOWN: u32 = 8;
const F_SETSIG: u32 = 10;
const F_SETOWN_EX: u32 = 15;
const F_SETLEASE: u32 = 1024;
/// Commands of ioctl(2) that do the same, or that type into a terminal, or take it (asm-generic/sockios.h, ioctls.h).
const IOCTL: [u32; 7] = [FIOSETOWN, SIOCSPGRP, FIOASYNC, TIOCSTI, TIOCLINUX, TIOCSPGRP, TIOCSCTTY];
const FIOSETOWN: u32 = 0x8901;
const SIOCSPGRP: u32 = 0x8902;
const FIOASYNC: u32 = 0x5452;
const TIOCSTI: u32 = 0x5412;
const TIOCLINUX: u32 = 0x541c;
const TIOCSPGRP: u32 = 0x5410;
const TIOCSCTTY: u32 = 0x540e;

/// Takes all of it away from this thread and those that it starts.
pub fn deny_others() -> Result<(), ConfineError> {
    let mut rules = BTreeMap::from(ALWAYS_OTHERS.map(|call| (call, Vec::new())));
    let others = [argument(0, Ne, std::process::id())?];
    for call in SIGNALS {
        rules.insert(call, vec![rule(&others)?]);
    }
    for call in OF_A_PROCESS {
        rules.insert(call, vec![rule(&[argument(0, Ne, 0)?])?]);
    }
    for (call, thread) in OF_A_KIND {
        rules.insert(call, vec![rule(&[argument(0, Ne, thread)?])?, rule(&[argument(1, Ne, 0)?])?]);
    }
    let mut fcntl = commands(&FCNTL)?;
    fcntl.push(rule(&signals_of_a_terminal()?)?);
    rules.insert(libc::SYS_fcntl, fcntl);
    rules.insert(libc::SYS_ioctl, commands(&IOCTL)?);
    // Which processes share a core.
    rules.insert(libc::SYS_prctl, vec![rule(&[argument(0, Eq, libc::PR_SCHED_CORE.unsigned_abs())?])?]);
    install(rules, libc::EPERM)
}

/// One rule for each command, which is the second argument.
fn commands(commands: &[u32]) -> Result<Vec<SeccompRule>, ConfineError> {
    commands.iter().map(|command| rule(&[argument(1, Eq, *command)?])).collect()
}

/// A terminal's signals go to who is in its foreground, whoever asked for them.
fn signals_of_a_terminal() -> Result<[SeccompCondition; 2], ConfineError> {
    let flag = libc::O_ASYNC.unsigned_abs();
    Ok([argument(1, Eq, libc::F_SETFL.unsigned_abs())?, argument(2, MaskedEq(flag.into()), flag)?])
}
