//! The units as they are shipped, under a real systemd: what becomes of sockets and callers while the agent fails to start,
//! and what `systemctl reload` says.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use tests::init::{Machine, OFFICERS};
use tests::wait::until_true;

const UNITS: [&str; 3] = ["kunci.service", "kunci.socket", "kunci-admin.socket"];
const CONFIGURATION: &str = "/etc/kunci/kunci.toml";
const SOCKET: &str = "/run/kunci/agent.sock";
/// How often the agent fails: more often than systemd's own limits, of a service and of a socket, would let it.
const FAILURES: u32 = 7;

#[test]
fn an_agent_that_fails_to_start_again_and_again_keeps_its_sockets_and_whoever_waits_there() {
    let machine = Machine::boot();
    start(&machine);
    machine.configure("[agent");
    assert!(!machine.systemctl(&["restart", "kunci"]).status.success(), "a start that fails is told");
    // A caller wants it all the while.
    let mut caller = machine.caller(SOCKET);
    let failures = || machine.property("kunci.service", "NRestarts").parse::<u32>().unwrap();
    until_true("it failed often", || failures() >= FAILURES);
    for socket in &UNITS[1..] {
        assert_eq!(machine.property(socket, "ActiveState"), "active", "{socket}");
    }
    machine.configure(&Machine::sound());
    // Nobody does more than that, and the caller is answered.
    assert_eq!(caller.call("GET", "/v1/health", "").unwrap().status, 200);
    assert_eq!(machine.property("kunci.service", "ActiveState"), "active");
}

#[test]
fn the_service_brings_its_sockets_and_is_never_without_them() {
    let machine = Machine::boot();
    assert!(machine.systemctl(&["start", "kunci.service"]).status.success());
    for unit in UNITS {
        assert_eq!(machine.property(unit, "ActiveState"), "active", "{unit}");
    }
    let mut early = machine.caller(SOCKET);
    assert!(machine.systemctl(&["restart", "kunci.service"]).status.success());
    // It had its moment to ask, and is told by a write that fails if it did not; who comes now is answered.
    let _ = early.call("GET", "/v1/health", "");
    assert_eq!(health(&machine), 200);
    // What a drop-in gives to the admins' socket is not undone by the service's start.
    let admin = std::fs::metadata(machine.path("/run/kunci/admin.sock")).unwrap();
    assert_eq!((admin.gid(), admin.mode() & 0o777), (OFFICERS, 0o660));
    assert!(machine.systemctl(&["stop", "kunci.socket"]).status.success());
    until_true("the service goes with its socket", || {
        machine.property("kunci.service", "ActiveState") == "inactive"
    });
}

#[test]
fn a_reload_that_is_refused_fails_and_the_old_configuration_stays_in_force() {
    let machine = Machine::boot();
    start(&machine);
    let reload = || machine.systemctl(&["reload", "kunci"]).status.success();
    assert!(reload(), "{}", machine.output());
    for broken in [
        "[agent".to_owned(),
        Machine::sound()
            + "[tokens.more]\nkind = \"pkcs11\"\nmodule = \"/m.so\"\nuri = \"pkcs11:token=m\"\npin = { prompt = true }\n",
    ] {
        machine.configure(&broken);
        assert!(!reload(), "{broken}");
        assert_eq!(machine.property("kunci.service", "ActiveState"), "active");
        assert_eq!(health(&machine), 200);
    }
    machine.configure(&Machine::sound());
    assert!(reload(), "{}", machine.output());
}

/// The configuration is the agent's user's, which the agent trusts and root would not.
#[test]
fn root_asks_for_a_reload_and_hears_what_the_agent_makes_of_the_files() {
    let machine = Machine::boot();
    start(&machine);
    let reload = || machine.run(&["kunci-agent", "--config", CONFIGURATION, "reload"]);
    let reloaded = reload();
    assert!(reloaded.status.success(), "{reloaded:?}");
    // One that root could read, and the agent's user does not trust.
    std::fs::set_permissions(machine.path(CONFIGURATION), PermissionsExt::from_mode(0o666)).unwrap();
    let refused = reload();
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{told}");
    assert!(told.contains("which lets others write it"), "{told}");
}

fn start(machine: &Machine) {
    let started = machine.systemctl(&[&["start"], &UNITS[..]].concat());
    assert!(started.status.success(), "{started:?}\n{}", machine.output());
    assert_eq!(health(machine), 200);
}

fn health(machine: &Machine) -> u16 {
    machine.caller(SOCKET).call("GET", "/v1/health", "").unwrap().status
}
