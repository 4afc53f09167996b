//! What the running host of a YubiKey can still reach, tried from inside every thread of it by a debugger: its secrets,
//! libraries, and pcscd.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};

use tests::inside::{Call, check, networks, never, others, status, syscalls, threads};
use tests::piv::PivRig;

/// Where pcscd listens, in the namespace of the host.
const PCSCD: &str = "/run/pcscd/pcscd.comm";

#[test]
fn no_thread_of_a_yubikeys_host_reaches_files_devices_the_network_or_another_process() {
    let rig = PivRig::new();
    let agent = rig.provisioned();
    agent.assertion("de").ok();
    let at = |name: &str| rig.rig.at(name);
    // Not even what a PKCS#11 host may read: this one has no vendor's code in it.
    let mut closed: Vec<PathBuf> = ["state", "state/log", "kunci.toml", "tenants.csv", "."].map(at).into();
    closed.extend(
        [
            "/etc/passwd",
            "/etc/shadow",
            "/root",
            "/home",
            "/usr/bin/env",
            "/usr/share",
            "/dev/null",
            "/dev/urandom",
            "/sys",
            "/run",
        ]
        .map(PathBuf::from),
    );
    closed.push(format!("/proc/{}/status", agent.pid()).into());
    let mut closed: Vec<_> = closed.iter().map(|path| Call::open(path, false)).collect();
    let planted =
        [at("planted"), at("state/log/planted"), "/run/pcscd/planted".into(), "/tmp/kunci-planted".into()];
    closed.extend(planted.iter().map(|path| Call::open(path, true)));
    let mut denied = [never(), others()].concat();
    denied.extend(networks());
    let mut open = ["pin", "management-key"].map(|name| Call::open(&at(name), false)).to_vec();
    open.extend(
        ["/proc/self/status", "/usr/lib", "/run/pcscd"].map(|path| Call::open(Path::new(path), false)),
    );
    check(agent.hosts()[0], &closed, &denied, &open);
    assert!(!Path::new("/tmp/kunci-planted").exists());
}

/// Landlock closes sockets from version 9 on, as for every host: tests/tests/confinement.rs.
#[test]
fn a_yubikeys_host_connects_to_pcscd_and_to_no_socket_of_the_agents_where_landlock_knows_sockets() {
    const KNOWS_SOCKETS: i64 = 9;
    let rig = PivRig::new();
    let agent = rig.provisioned();
    let host = agent.hosts()[0];
    let local = Call::socket("unix", libc::AF_UNIX);
    let asked = syscalls(host, &[Call::landlock_version(), local.clone(), local]);
    let [Ok(version), Ok(to_pcscd), Ok(to_agent)] = asked["1"][..] else { panic!("{asked:?}") };
    let calls = [Call::connect(to_pcscd, Path::new(PCSCD)), Call::connect(to_agent, agent.admin_socket())];
    let outcomes = syscalls(host, &calls);
    assert!(outcomes.values().any(|outcomes| outcomes[0] == Ok(0)), "pcscd is out of reach: {outcomes:?}");
    if version >= KNOWS_SOCKETS {
        let refused = outcomes.values().all(|outcomes| outcomes[1] == Err(libc::EACCES));
        assert!(refused, "{outcomes:?}");
    }
}

#[test]
fn a_yubikeys_host_is_filtered_closed_to_others_locked_in_memory_and_leaves_no_core() {
    let rig = PivRig::new();
    let agent = rig.provisioned();
    let host = agent.hosts()[0];
    for thread in threads(host) {
        assert_eq!((status(&thread, "Seccomp"), status(&thread, "NoNewPrivs")), ("2".into(), "1".into()));
    }
    // Not even a process of its own user traces it or opens its memory.
    let dumpable = syscalls(host, &[Call::dumpable()]);
    assert!(dumpable.values().all(|outcomes| outcomes[..] == [Ok(0)]), "{dumpable:?}");
    let limits = fs::read_to_string(format!("/proc/{host}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    let locked = status(&format!("/proc/{host}/status"), "VmLck");
    assert!(locked != "0 kB" || agent.output().contains("memory is not locked"), "{locked}");
}
