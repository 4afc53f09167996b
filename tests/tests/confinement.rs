//! What the running front and hosts can still reach, tried from inside every thread of them by a debugger.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use tests::agent::kill;
use tests::inside::{Call, check, networks, never, others, own, status, syscalls, threads};
use tests::rig::{PIN, SO_PIN, library, softhsm};
use tests::wait::{until, until_true};
use tests::{Agent, Rig};

#[test]
fn no_thread_of_the_front_reaches_a_pin_the_module_a_device_the_configuration_or_the_network() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    agent.assertion("de").ok();
    let mut closed =
        ["pin", "so-pin", "tokens", "kunci.toml", "tenants.csv"].map(|name| rig.at(name)).to_vec();
    closed.extend([softhsm(), "/dev/null".into(), "/dev/urandom".into(), "/etc/passwd".into()]);
    let mut closed: Vec<_> = closed.iter().map(|path| Call::open(path, false)).collect();
    closed.push(Call::open(&rig.at("state/planted"), true));
    let mut denied = vec![Call::socket("inet", libc::AF_INET), Call::socket("unix", libc::AF_UNIX)];
    denied.extend([never(), others()].concat());
    denied.extend([Call::bare("connect", libc::SYS_connect), Call::bare("bind", libc::SYS_bind)]);
    let mut open = own();
    open.extend([
        Call::open(Path::new("/proc/self/status"), false),
        Call::open(&rig.at("state/log"), false),
        Call::bare("getpid", libc::SYS_getpid),
    ]);
    check(agent.front().unwrap(), &closed, &denied, &open);
}

#[test]
fn no_thread_of_a_host_reaches_the_ledger_the_configuration_the_network_or_another_process() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    agent.assertion("de").ok();
    let mut closed =
        ["state", "state/log", "kunci.toml", "tenants.csv", "."].map(|name| rig.at(name)).to_vec();
    closed.extend(["/etc/shadow".into(), "/root".into()]);
    let mut closed: Vec<_> = closed.iter().map(|path| Call::open(path, false)).collect();
    closed.push(Call::open(&rig.at("state/log/planted"), true));
    let denied = [never(), others(), networks()].concat();
    // Modules reach pcscd, tpm2-abrmd and p11-kit by local sockets.
    let mut open = ["pin", "tokens"].map(|name| Call::open(&rig.at(name), false)).to_vec();
    open.push(Call::socket("unix", libc::AF_UNIX));
    open.extend(own());
    check(agent.hosts()[0], &closed, &denied, &open);
}

#[test]
fn a_host_has_the_network_where_its_token_says_so_and_nothing_else_besides() {
    let rig = Rig::bare().token_line("network = true").provisioned();
    let agent = rig.start();
    agent.assertion("de").ok();
    let closed = ["state", "kunci.toml"].map(|name| Call::open(&rig.at(name), false));
    let families = [("inet", libc::AF_INET), ("inet6", libc::AF_INET6), ("netlink", libc::AF_NETLINK)];
    let open = families.map(|(name, family)| Call::socket(name, family));
    check(agent.hosts()[0], &closed, &never(), &open);
}

/// A module that misses the network shows no token, or fails without a reason: as this one does, which misses pcscd.
#[test]
fn who_misses_a_token_is_told_that_its_host_has_no_network() {
    let told = |line: &str| {
        let rig = Rig::bare().module(&library("opensc-pkcs11.so", "opensc-pkcs11")).token_line(line);
        rig.write();
        let agent = rig.spawn();
        let missing = until("the token is missing", || {
            let told = format!("{:?}", agent.tokens());
            told.contains("no token matches").then_some(told)
        });
        missing.contains("its host has no network")
    };
    assert!(told("") && !told("network = true"));
}

/// Landlock knows sockets' paths from version 9 on. Before it, a host can knock at the agent's sockets like any process
/// of its user, and the rules alone refuse it: the agent's user has no rule. That reason is asserted here.
#[test]
fn a_host_cannot_connect_to_the_agents_sockets_where_landlock_knows_sockets() {
    const KNOWS_SOCKETS: i64 = 9;
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let host = agent.hosts()[0];
    let asked = syscalls(host, &[Call::landlock_version(), Call::socket("unix", libc::AF_UNIX)]);
    let [Ok(version), Ok(socket)] = asked["1"][..] else { panic!("{asked:?}") };
    // Every thread tries on the one socket: where one gets through, the others find it connected.
    let connected: Vec<_> =
        syscalls(host, &[Call::connect(socket, agent.socket())]).into_values().flatten().collect();
    match version >= KNOWS_SOCKETS {
        true => assert!(connected.iter().all(|outcome| *outcome == Err(libc::EACCES)), "{connected:?}"),
        false => {
            assert!(connected.contains(&Ok(0)), "Landlock {version} closes sockets after all: {connected:?}")
        }
    }
}

#[test]
fn every_thread_of_front_and_hosts_is_filtered_and_leaves_no_core() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    agent.assertion("de").ok();
    for pid in processes(&agent) {
        for thread in threads(pid) {
            assert_eq!(status(&thread, "Seccomp"), "2", "{thread}");
            assert_eq!(status(&thread, "NoNewPrivs"), "1", "{thread}");
        }
        let limits = fs::read_to_string(format!("/proc/{pid}/limits")).unwrap();
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
        // What is not dumpable belongs to root in /proc, whoever runs it.
        assert_eq!(fs::metadata(format!("/proc/{pid}/mem")).unwrap().uid(), 0);
    }
    // The same fields of a process that is not confined: they do tell.
    assert_eq!(status("/proc/self/status", "Seccomp"), "0");
}

#[test]
fn another_process_of_the_agents_own_user_reads_neither_memory_nor_environment() {
    let id = tests::caller::STRANGER;
    let rig = Rig::bare().provisioned();
    rig.give_to(id);
    let agent = rig.spawn_with(|command| command.uid(id).gid(id));
    agent.wait_ready();
    let peek = |pid: u32, file: &str| {
        let file = format!("/proc/{pid}/{file}");
        Command::new("head").args(["-c", "1", &file]).uid(id).gid(id).output().unwrap().status.success()
    };
    // Opening it is refused; reading at address 0 would fail on any process.
    let opens_memory = |pid: u32| {
        let script = format!("exec 3< /proc/{pid}/mem");
        Command::new("sh").args(["-c", &script]).uid(id).gid(id).output().unwrap().status.success()
    };
    let dumps = |pid: u32| {
        let core = rig.at("dumped");
        let gcore = Command::new("gcore").arg("-o").arg(&core).arg(pid.to_string()).uid(id).gid(id).output();
        gcore.expect("gcore is missing: apt-get install gdb");
        fs::remove_file(rig.at(&format!("dumped.{pid}"))).is_ok()
    };
    for pid in processes(&agent).into_iter().chain([agent.pid()]) {
        assert_eq!(status(&format!("/proc/{pid}/status"), "Uid"), vec![id.to_string(); 4].join("\t"));
        assert!(!peek(pid, "environ") && !peek(pid, "maps"), "process {pid} can be read");
        assert!(!opens_memory(pid) && !dumps(pid), "the memory of process {pid} can be read");
        let traced =
            Command::new("gdb").args(["-nx", "-batch", "-p", &pid.to_string()]).uid(id).gid(id).output();
        let said = String::from_utf8_lossy(&traced.unwrap().stderr).into_owned();
        assert!(said.contains("Operation not permitted"), "process {pid} can be traced: {said}");
    }
    // The same look at a process of that user that is not confined works.
    let mut other = Command::new("sleep").arg("60").uid(id).gid(id).spawn().unwrap();
    assert!(peek(other.id(), "environ") && peek(other.id(), "maps"));
    assert!(opens_memory(other.id()) && dumps(other.id()));
    other.kill().unwrap();
    other.wait().unwrap();
}

#[test]
fn a_process_that_crashes_leaves_no_core() {
    use std::os::unix::process::ExitStatusExt;
    let rig = Rig::bare().provisioned();
    let unlimited = |command: &Command| {
        let mut shell = Command::new("sh");
        shell.args(["-c", "ulimit -c unlimited && exec \"$0\" \"$@\""]).arg(command.get_program());
        shell.args(command.get_args());
        shell
    };
    // The same signal to a process that is not confined: the kernel dumps it, unless it is told to write cores nowhere.
    let mut plain = unlimited(Command::new("sleep").arg("60")).current_dir(rig.at(".")).spawn().unwrap();
    until_true("it sleeps", || {
        fs::read_to_string(format!("/proc/{}/comm", plain.id())).unwrap() == "sleep\n"
    });
    kill(plain.id(), Signal::ABORT);
    let dumped = plain.wait().unwrap().core_dumped();
    assert!(dumped || cores_go_nowhere(), "cores are made here, and the plain process left none");
    let agent = rig.spawn_with(|command| {
        *command = unlimited(command);
        command
    });
    agent.wait_ready();
    for pid in processes(&agent) {
        kill(pid, Signal::ABORT);
    }
    until_true("the supervisor tells of both ends", || {
        ["the front ended", "the host ended"].iter().all(|end| agent.output().contains(end))
    });
    agent.await_output("SIGABRT");
    assert!(!agent.output().contains("core dumped"), "a core was dumped");
}

/// Why a process without a limit may leave no core (core(5)): the kernel makes none, or hands them to a program or a
/// folder that is not here.
fn cores_go_nowhere() -> bool {
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    match pattern.trim().strip_prefix('|') {
        Some(handler) => !handler.split(' ').next().is_some_and(|program| Path::new(program).exists()),
        None => pattern.trim().is_empty() || !Path::new("/tmp").join(&pattern).parent().unwrap().is_dir(),
    }
}

/// A PIN in the swap outlives the process. What may be locked is a limit of who starts the agent.
#[test]
fn a_hosts_memory_is_locked_or_it_says_that_it_is_not() {
    const CAP_IPC_LOCK: u64 = 1 << 14;
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let host = format!("/proc/{}/status", agent.hosts()[0]);
    let locked: u64 = status(&host, "VmLck").trim_end_matches("kB").trim().parse().unwrap();
    let may = u64::from_str_radix(&status(&host, "CapEff"), 16).unwrap() & CAP_IPC_LOCK != 0;
    let limits = fs::read_to_string(format!("/proc/{}/limits", agent.hosts()[0])).unwrap();
    let limit = limits.lines().find(|line| line.starts_with("Max locked memory")).unwrap();
    match may || limit.contains("unlimited  ") {
        // All of it, but for what the kernel itself maps: stacks, libraries, what the module has.
        true => assert!(locked > 1024, "only {locked} KiB are locked; {limit}"),
        false => assert!(locked == 0 && agent.output().contains("memory is not locked"), "{limit}"),
    }
    assert!(status(&host, "VmSwap").starts_with("0 kB"), "something was swapped");
}

#[test]
fn the_pin_stands_in_no_argument_environment_log_line_or_state_file() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    agent.assertion("de").ok();
    rig.kunci_ok(&["token", "check", "soft"]);
    let mut places = vec![rig.at("agent.log")];
    for pid in processes(&agent).into_iter().chain([agent.pid()]) {
        places.extend(["cmdline", "environ"].map(|name| format!("/proc/{pid}/{name}").into()));
    }
    files(&rig.at("state"), &mut places);
    assert!(places.len() > 10, "{places:?}");
    for place in &places {
        assert!(!holds_pin(place), "{}", place.display());
    }
    assert!(holds_pin(&rig.at("pin")), "the search finds what it looks for");
}

/// Whether a file has one of the PINs in it.
fn holds_pin(file: &Path) -> bool {
    let bytes = fs::read(file).unwrap();
    [PIN, SO_PIN].iter().any(|pin| bytes.windows(pin.len()).any(|window| window == pin.as_bytes()))
}

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

fn processes(agent: &Agent) -> Vec<u32> {
    let processes: Vec<_> = agent.front().into_iter().chain(agent.hosts()).collect();
    assert_eq!(processes.len(), 2);
    processes
}
