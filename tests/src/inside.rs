//! Inside a running process: a debugger makes its threads call what an intruder would call.
//!
//! gdb has to be allowed to trace what is not dumpable, so these tests run as root.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// A thread, as gdb numbers it, and the calls made in it.
pub type Threads<T> = BTreeMap<String, T>;

/// What came of a system call: its value, or its errno.
pub type Outcome = Result<i64, i32>;

/// One system call to try: what it is, and how it is written for syscall(2).
#[derive(Clone)]
pub struct Call {
    pub name: String,
    number: i64,
    arguments: String,
}

impl Call {
    /// A call with nothing sensible in its arguments: one that is allowed answers something else than EPERM.
    pub fn bare(name: &str, number: i64) -> Self {
        Self { name: name.to_owned(), number, arguments: "0, 0, 0, 0, 0, 0".to_owned() }
    }

    /// A call of which the first argument counts.
    pub fn of_first(name: &str, number: i64, first: i64) -> Self {
        Self { name: name.to_owned(), number, arguments: format!("{first}, 0, 0, 0, 0, 0") }
    }

    /// A call with these arguments, and zeros behind them.
    pub fn with(name: &str, number: i64, arguments: &[i64]) -> Self {
        let zeros = [0; 6];
        let all = arguments.iter().chain(&zeros[arguments.len()..]);
        let arguments = all.map(i64::to_string).collect::<Vec<_>>().join(", ");
        Self { name: format!("{name} ({arguments})"), number, arguments }
    }

    /// Opens a path; `create` makes it.
    pub fn open(path: &Path, create: bool) -> Self {
        let flags = if create { libc::O_CREAT | libc::O_RDWR } else { libc::O_RDONLY };
        let arguments = format!("{}, {path:?}, {flags}, 0600", libc::AT_FDCWD);
        Self { name: format!("open {}", path.display()), number: libc::SYS_openat, arguments }
    }

    /// Connects a descriptor to the socket at a path.
    pub fn connect(fd: i64, path: &Path) -> Self {
        let path = path.display().to_string();
        let address = format!("\"\\001\\000{path}\", {}", path.len() + 3);
        Self {
            name: format!("connect {path}"),
            number: libc::SYS_connect,
            arguments: format!("{fd}, {address}"),
        }
    }

    /// Asks which Landlock the kernel has (landlock_create_ruleset(2)).
    pub fn landlock_version() -> Self {
        let name = "landlock_create_ruleset".to_owned();
        Self { name, number: libc::SYS_landlock_create_ruleset, arguments: "0, 0, 1".to_owned() }
    }

    /// Asks whether the process is dumpable (PR_GET_DUMPABLE): 0 is no, for cores and for those who would trace it.
    pub fn dumpable() -> Self {
        let arguments = format!("{}, 0, 0, 0, 0", libc::PR_GET_DUMPABLE);
        Self { name: "dumpable".to_owned(), number: libc::SYS_prctl, arguments }
    }

    /// Makes a socket of a family.
    pub fn socket(name: &str, family: i32) -> Self {
        let kind = if family == libc::AF_NETLINK { libc::SOCK_RAW } else { libc::SOCK_STREAM };
        let arguments = format!("{family}, {kind}, 0");
        Self { name: format!("socket {name}"), number: libc::SYS_socket, arguments }
    }
}

/// Makes every thread of a process do these system calls; the outcomes in their order.
///
/// Paths live on the process's heap, and what a call opened stays open: the process is not used afterwards.
pub fn syscalls(pid: u32, calls: &[Call]) -> Threads<Vec<Outcome>> {
    assert!(rustix::process::geteuid().is_root(), "this test looks into confined processes: run it as root");
    let mut script = "set pagination off\nset confirm off\n".to_owned();
    for Call { number, arguments, .. } in calls {
        // errno is each thread's own.
        let errno = "*((int *(*)(void))__errno_location)()";
        let call = format!("((long (*)(long, ...))syscall)({number}, {arguments})");
        script +=
            &format!("thread apply all -q -s printf \"\\n@ %d %ld %d\\n\", $_thread, {call}, {errno}\n");
    }
    let text = gdb(pid, &script);
    let mut threads = Threads::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("@ ")) {
        let words: Vec<&str> = line.split(' ').collect();
        let (value, errno) = (words[1].parse().unwrap(), words[2].parse().unwrap());
        let outcome = if value == -1 { Err(errno) } else { Ok(value) };
        threads.entry(words[0].to_owned()).or_insert_with(Vec::new).push(outcome);
    }
    let whole = !threads.is_empty() && threads.values().all(|outcomes| outcomes.len() == calls.len());
    assert!(whole, "gdb did not make every call: {text}");
    threads
}

/// What neither a front nor a host has a use for.
pub fn never() -> Vec<Call> {
    vec![
        Call::bare("ptrace", libc::SYS_ptrace),
        Call::bare("execve", libc::SYS_execve),
        Call::bare("fork", libc::SYS_clone),
        Call::bare("process_vm_readv", libc::SYS_process_vm_readv),
        Call::bare("pidfd_getfd", libc::SYS_pidfd_getfd),
        Call::bare("unshare", libc::SYS_unshare),
        Call::bare("mount", libc::SYS_mount),
        Call::bare("io_uring_setup", libc::SYS_io_uring_setup),
        Call::of_first("kill of the whole group", libc::SYS_kill, 0),
        Call::of_first("prlimit of another process", libc::SYS_prlimit64, 1),
        // The same calls by other numbers, on kernels that have the x32 ABI; this one does not, and would say ENOSYS.
        #[cfg(target_arch = "x86_64")]
        Call::bare("getpid of the x32 ABI", libc::SYS_getpid | 0x4000_0000),
    ]
}

/// What signals, slows or moves another process of the same user, by every call that there is for it: a process that nobody has,
/// so that nothing comes of it where it is allowed.
pub fn others() -> Vec<Call> {
    const NOBODY: i64 = 0x7fff_fff0;
    let of_a_process = [
        ("sched_setaffinity", libc::SYS_sched_setaffinity),
        ("sched_setscheduler", libc::SYS_sched_setscheduler),
        ("sched_setparam", libc::SYS_sched_setparam),
        ("sched_setattr", libc::SYS_sched_setattr),
        ("move_pages", libc::SYS_move_pages),
        ("migrate_pages", libc::SYS_migrate_pages),
        ("tgkill", libc::SYS_tgkill),
        ("tkill", libc::SYS_tkill),
        ("rt_sigqueueinfo", libc::SYS_rt_sigqueueinfo),
        ("rt_tgsigqueueinfo", libc::SYS_rt_tgsigqueueinfo),
        ("pidfd_send_signal", libc::SYS_pidfd_send_signal),
        ("process_madvise", libc::SYS_process_madvise),
        ("process_mrelease", libc::SYS_process_mrelease),
        ("setpgid", libc::SYS_setpgid),
    ];
    // PRIO_PROCESS, PRIO_PGRP and PRIO_USER are 0 to 2; IOPRIO_WHO_… 1 to 3.
    let of_a_kind = [
        (libc::SYS_setpriority, [0, NOBODY]),
        (libc::SYS_setpriority, [1, 0]),
        (libc::SYS_setpriority, [2, 0]),
        (libc::SYS_ioprio_set, [1, NOBODY]),
        (libc::SYS_ioprio_set, [2, 0]),
        (libc::SYS_ioprio_set, [3, 0]),
    ];
    // F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE; FIOSETOWN, SIOCSPGRP, FIOASYNC, TIOCSTI, TIOCLINUX, TIOCSPGRP, TIOCSCTTY.
    let fcntl = [8, 10, 15, 1024].map(|command| Call::with("fcntl", libc::SYS_fcntl, &[0, command]));
    let ioctl = [0x8901, 0x8902, 0x5452, 0x5412, 0x541c, 0x5410, 0x540e]
        .map(|command| Call::with("ioctl", libc::SYS_ioctl, &[0, command]));
    let clocks = [
        ("clock_settime", libc::SYS_clock_settime),
        ("clock_adjtime", libc::SYS_clock_adjtime),
        ("settimeofday", libc::SYS_settimeofday),
        ("adjtimex", libc::SYS_adjtimex),
    ];
    let of_a_process = of_a_process.map(|(name, number)| Call::with(name, number, &[NOBODY]));
    let of_a_kind = of_a_kind.map(|(number, kind)| Call::with("priority", number, &kind));
    let clocks = clocks.map(|(name, number)| Call::bare(name, number));
    let more = [
        Call::with("fcntl", libc::SYS_fcntl, &[0, libc::F_SETFL.into(), libc::O_ASYNC.into()]),
        Call::with("prctl", libc::SYS_prctl, &[libc::PR_SCHED_CORE.into()]),
        Call::bare("fanotify_init", libc::SYS_fanotify_init),
    ];
    [&of_a_process[..], &of_a_kind, &fcntl, &ioctl, &clocks, &more].concat()
}

/// What acts on the caller's own thread or descriptors, by calls of which others would reach another process.
pub fn own() -> Vec<Call> {
    let scheduling = r#"0, 0, "\000\000\000\000""#.to_owned();
    vec![
        Call {
            name: "own scheduling".to_owned(),
            number: libc::SYS_sched_setscheduler,
            arguments: scheduling,
        },
        Call::with("own priority", libc::SYS_setpriority, &[0, 0]),
        Call::with("own ioprio", libc::SYS_ioprio_set, &[1, 0]),
        Call::with("own limit", libc::SYS_prlimit64, &[0]),
        Call::with("F_GETOWN", libc::SYS_fcntl, &[0, 9]),
        Call::with("F_GETFL", libc::SYS_fcntl, &[0, libc::F_GETFL.into()]),
        Call::dumpable(),
    ]
}

/// Sockets that are not local.
pub fn networks() -> Vec<Call> {
    vec![
        Call::socket("inet", libc::AF_INET),
        Call::socket("inet6", libc::AF_INET6),
        Call::socket("netlink", libc::AF_NETLINK),
        Call::socket("packet", libc::AF_PACKET),
        Call::socket("vsock", libc::AF_VSOCK),
    ]
}

/// Tries all of it in every thread: what is closed answers EACCES, what is denied EPERM, and what is open works.
#[track_caller]
pub fn check(pid: u32, closed: &[Call], denied: &[Call], open: &[Call]) {
    let outcomes = syscalls(pid, &[closed, denied, open].concat());
    let open_from = closed.len() + denied.len();
    assert_all(&outcomes, closed, 0, |outcome| outcome == Err(libc::EACCES));
    assert_all(&outcomes, denied, closed.len(), |outcome| outcome == Err(libc::EPERM));
    assert_all(&outcomes, open, open_from, |outcome| outcome.is_ok());
}

#[track_caller]
fn assert_all(
    outcomes: &Threads<Vec<Outcome>>,
    calls: &[Call],
    from: usize,
    right: impl Fn(Outcome) -> bool,
) {
    for (thread, outcomes) in outcomes {
        for (call, outcome) in calls.iter().zip(&outcomes[from..]) {
            assert!(right(*outcome), "thread {thread}: {} gave {outcome:?}", call.name);
        }
    }
}

/// Runs a script on a process, which goes on afterwards; what gdb said.
fn gdb(pid: u32, script: &str) -> String {
    let file = tempfile::Builder::new().suffix(".gdb").tempfile().unwrap();
    fs::write(file.path(), format!("{script}detach\nquit\n")).unwrap();
    let output = Command::new("gdb")
        .args(["-nx", "-batch", "-readnever", "-p", &pid.to_string(), "-x"])
        .arg(file.path())
        .output()
        .expect("gdb is missing: apt-get install gdb");
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The value of a field of a process's (or thread's) status file.
pub fn status(path: &str, field: &str) -> String {
    let text = fs::read_to_string(path).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("{path} has no {field}")).trim().to_owned()
}

/// The status files of a process's threads.
pub fn threads(pid: u32) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    tasks.map(|task| task.unwrap().path().join("status").display().to_string()).collect()
}
