//! The systemd unit as it is shipped: how exposed it leaves the agent, and that it forbids nothing that the agent does.
//!
//! No systemd runs here, so what the unit allows is compared with what strace sees the agent do, from its start over
//! signatures to its end.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use tests::agent::kill;
use tests::installed::binary;
use tests::piv::PivRig;
use tests::wait::until;
use tests::{Agent, Rig};

/// The most that `systemd-analyze security` may say, of 10.
const EXPOSURE: f64 = 1.0;
/// What a drop-in may add for one token, at most: still what systemd calls safe.
const RELAXED: f64 = 2.0;

#[test]
fn the_unit_is_exposed_by_no_more_than_it_needs() {
    let exposure = exposure(&unit());
    assert!(exposure <= EXPOSURE, "{exposure}");
    // The figure does tell: a unit without any of it is at the other end.
    let bare = tempfile::Builder::new().suffix(".service").tempfile().unwrap();
    fs::write(bare.path(), "[Service]\nExecStart=/usr/bin/kunci-agent\n").unwrap();
    assert!(self::exposure(bare.path()) > 9.0);
}

#[test]
fn the_witnesss_unit_is_exposed_by_no_more_than_a_server_on_loopback() {
    let exposure = exposure(&root().join("packaging/kunci-witness.service"));
    assert!(exposure <= EXPOSURE, "{exposure}");
}

/// With KillMode=mixed, systemd kills the hosts the moment that the supervisor is gone, and what one writes to its token with it.
#[test]
fn the_unit_leaves_hosts_the_time_to_finish_what_they_write() {
    let text = fs::read_to_string(unit()).unwrap();
    let line = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).unwrap();
    assert_eq!(line("KillMode="), "control-group");
    // What a front may have to wait for comes before: a key that is being made, too.
    let longest = token::writes::CHANGE_LIMIT * 2 + Duration::from_secs(45);
    assert!(Duration::from_secs(line("TimeoutStopSec=").parse().unwrap()) > longest);
}

/// The blocks of the how-to that people paste into `systemctl edit kunci`.
#[test]
fn every_drop_in_of_the_how_to_is_understood_and_stays_safe() {
    let page = fs::read_to_string(root().join("docs/how-to/run-under-systemd.md")).unwrap();
    let blocks: Vec<_> =
        page.split("```ini\n[Service]\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(blocks.len() >= 4, "{blocks:#?}");
    for block in blocks {
        let text = fs::read_to_string(unit())
            .unwrap()
            .replace("[Install]", &format!("[Service]\n{block}\n[Install]"));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kunci.service");
        fs::write(&file, text).unwrap();
        let exposure = exposure(&file);
        assert!(exposure <= RELAXED, "{exposure} with\n{block}");
    }
}

/// It is a comment, since only a site knows its tokens, and a credential that is not there would keep the service down.
#[test]
fn the_line_for_an_encrypted_pin_is_understood_once_its_mark_is_gone() {
    let text = fs::read_to_string(unit()).unwrap();
    let marked: Vec<_> = text.lines().filter(|line| line.starts_with("#LoadCredentialEncrypted=")).collect();
    let [line] = marked[..] else { panic!("{marked:?}") };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kunci.service");
    fs::write(&file, text.replace(line, &line[1..])).unwrap();
    assert!(exposure(&file) <= EXPOSURE);
    // The how-to has the same line, and makes the file that it names.
    let page = fs::read_to_string(root().join("docs/how-to/run-under-systemd.md")).unwrap();
    let (name, path) = line.split_once('=').unwrap().1.split_once(':').unwrap();
    assert!(
        page.contains(&format!("\n{}\n", &line[1..])) && page.contains(&format!("--name={name} - {path}\n"))
    );
}

#[test]
fn the_unit_allows_every_system_call_socket_and_mapping_of_a_whole_life() {
    let rig = Rig::bare().connector("uk", "p-256", "ES256").provisioned();
    let seen = rig.at("calls");
    let agent = rig.spawn_with(|command| under_strace(command, &seen));
    agent.wait_ready();
    agent.assertion("de").ok();
    rig.kunci_ok(&["token", "check", "soft"]);
    end(agent);
    assert_allowed(&seen);
}

#[test]
fn the_unit_allows_every_system_call_socket_and_mapping_of_a_life_with_a_yubikey() {
    let rig = PivRig::new();
    rig.write();
    let seen = rig.rig.at("calls");
    let agent = rig.rig.spawn_with(|command| rig.pcsc.shape(under_strace(command, &seen)));
    agent.await_tokens("ready");
    rig.rig.kunci_ok(&["provision", "de"]);
    agent.assertion("de").ok();
    rig.key.pull();
    agent.await_tokens("missing");
    rig.key.insert();
    agent.await_signature();
    end(agent);
    assert_allowed(&seen);
}

/// What packagers are told to depend on is what the loader looks for.
#[test]
fn the_how_to_names_every_library_that_the_binaries_need() {
    let page = fs::read_to_string(root().join("docs/how-to/run-under-systemd.md")).unwrap();
    for program in ["kunci", "kunci-agent"] {
        let output = Command::new("readelf")
            .arg("-d")
            .arg(binary(program))
            .output()
            .expect("readelf is missing: apt-get install binutils");
        let text = String::from_utf8(output.stdout).unwrap();
        let needed = text.lines().filter(|line| line.contains("(NEEDED)"));
        for library in needed.map(|line| line.split(['[', ']']).nth(1).unwrap()) {
            let told = match library.split(".so").next().unwrap() {
                // One package, and what every program on Linux is loaded by.
                "libc" | "libm" | "libpthread" | "libdl" | "ld-linux-x86-64" | "ld-linux-aarch64" => "libc6",
                "libgcc_s" => "libgcc-s1",
                "libpcsclite" if program == "kunci-agent" => "libpcsclite1",
                _ => panic!("{program} needs {library}, of which packagers are not told"),
            };
            assert!(page.contains(&format!("`{told}`")), "{told}");
        }
    }
}

/// The unit forbids nothing of what strace saw.
#[track_caller]
fn assert_allowed(seen: &Path) {
    let text = fs::read_to_string(seen).unwrap();
    let calls: Vec<_> = text.lines().collect();
    let used: BTreeSet<_> = calls.iter().filter_map(|line| name(line)).collect();
    assert!(used.contains("execve") && used.contains("fdatasync") && used.len() > 40, "{used:?}");
    let allowed = allowed();
    let refused: Vec<_> = used.iter().filter(|call| !allowed.contains(**call)).collect();
    assert!(refused.is_empty(), "SystemCallFilter= forbids {refused:?}");
    // RestrictAddressFamilies=AF_UNIX
    let sockets = calls.iter().filter(|line| matches!(name(line), Some("socket" | "socketpair")));
    for socket in sockets {
        assert!(socket.contains("(AF_UNIX"), "{socket}");
    }
    // MemoryDenyWriteExecute=yes: nothing is both, and nothing becomes code that was not mapped as code.
    for line in calls.iter().filter(|line| line.contains("PROT_EXEC")) {
        assert!(name(line) == Some("mmap") && !line.contains("PROT_WRITE"), "{line}");
    }
}

/// The same command, with every system call of supervisor, front and host written down.
fn under_strace<'a>(command: &'a mut Command, seen: &Path) -> &'a mut Command {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-e", "signal=none", "-o"]).arg(seen);
    strace.arg(command.get_program()).args(command.get_args());
    *command = strace;
    command
}

/// strace is the one that was started; the supervisor is its child.
fn end(mut agent: Agent) {
    let strace = agent.pid();
    let children = fs::read_to_string(format!("/proc/{strace}/task/{strace}/children")).unwrap();
    kill(children.trim().parse().unwrap(), Signal::TERM);
    let status = until("the agent ends", || agent.ended());
    assert!(status.success(), "{status}");
}

/// The name of the call on one line, where it begins there.
fn name(line: &str) -> Option<&str> {
    let call = line.split_once(' ')?.1.trim_start();
    let (name, _) = call.split_once('(')?;
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_').then_some(name)
}

/// What the unit's SystemCallFilter= leaves, its groups taken apart.
fn allowed() -> BTreeSet<String> {
    let text = fs::read_to_string(unit()).unwrap();
    // What systemd adds to every allow-list.
    let mut allowed = group("@default");
    for filter in text.lines().filter_map(|line| line.strip_prefix("SystemCallFilter=")) {
        let (names, denied) = filter.strip_prefix('~').map_or((filter, false), |names| (names, true));
        for call in names.split(' ').flat_map(group) {
            let _ = if denied { allowed.remove(&call) } else { allowed.insert(call) };
        }
    }
    allowed
}

/// The calls of a group, with those of the groups in it; a call by its own name is itself.
fn group(name: &str) -> BTreeSet<String> {
    if !name.starts_with('@') {
        return [name.to_owned()].into();
    }
    let lines = analyze(&["syscall-filter", name]);
    let members = lines.lines().filter_map(|line| line.strip_prefix("    "));
    members.filter(|member| !member.starts_with('#')).flat_map(group).collect()
}

/// Of 10.
fn exposure(unit: &Path) -> f64 {
    let text = analyze(&["security", "--offline=true", unit.to_str().unwrap()]);
    let line = text.lines().find(|line| line.contains("Overall exposure level")).unwrap();
    line.split(": ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap()
}

fn analyze(arguments: &[&str]) -> String {
    let output = Command::new("systemd-analyze").arg("--no-pager").args(arguments).output();
    let output = output.expect("systemd-analyze is missing: run make setup");
    assert!(output.status.success(), "{output:?}");
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    // What it does not understand, it ignores.
    assert!(!complaints.contains(", ignoring") && !complaints.contains("Failed to parse"), "{complaints}");
    String::from_utf8(output.stdout).unwrap()
}

fn unit() -> PathBuf {
    root().join("packaging/kunci.service")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
