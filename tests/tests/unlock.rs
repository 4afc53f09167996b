//! `kunci token unlock` while it holds what a person types: no core, closed to others of its user, locked in memory.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use tests::Rig;
use tests::caller::STRANGER;
use tests::inside::{Call, status, syscalls};
use tests::rig::PIN;
use tests::wait::until_true;

/// What is typed before the newline, when the command is looked at.
const TYPED: usize = 4;

#[test]
fn what_is_typed_is_locked_in_memory_leaves_no_core_and_unlocks() {
    let rig = Rig::bare().provisioned().pin_source("{ prompt = true }");
    rig.write();
    let agent = rig.spawn();
    agent.await_tokens("locked");
    let mut typing = typing(rig.command(&["token", "unlock", "soft"]));
    let process = format!("/proc/{}", typing.id());
    let limits = fs::read_to_string(format!("{process}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().skip(4).take(2).collect::<Vec<_>>(), ["0", "0"], "{core}");
    let locked: u64 =
        status(&format!("{process}/status"), "VmLck").trim_end_matches("kB").trim().parse().unwrap();
    let dumpable = syscalls(typing.id(), &[Call::dumpable()]);
    assert_eq!(dumpable["1"], [Ok(0)]);

    typing.stdin.take().unwrap().write_all(format!("{}\n", &PIN[TYPED..]).as_bytes()).unwrap();
    let said = said(&mut typing);
    assert!(typing.wait().unwrap().success(), "{said}");
    // What may be locked is a limit of who runs it; then it says so.
    assert!((locked > 1024) != said.contains("memory is not locked"), "{locked} KiB: {said}");
    agent.wait_ready();
}

#[test]
fn another_process_of_the_same_user_cannot_look_into_it() {
    let rig = Rig::bare().provisioned().pin_source("{ prompt = true }");
    rig.write();
    rig.give_to(STRANGER);
    let agent = rig.spawn_with(|command| command.uid(STRANGER).gid(STRANGER));
    agent.await_tokens("locked");
    let mut command = rig.command(&["token", "unlock", "soft"]);
    command.uid(STRANGER).gid(STRANGER);
    let mut typing = typing(command);
    assert!(!opens_memory(typing.id()), "what is typed can be read");
    // The same look at a process of that user that is not closed works.
    let mut other = Command::new("sleep").arg("60").uid(STRANGER).gid(STRANGER).spawn().unwrap();
    assert!(opens_memory(other.id()));
    other.kill().unwrap();
    other.wait().unwrap();
    typing.kill().unwrap();
    typing.wait().unwrap();
}

/// The command, once it has read the first characters of a PIN.
fn typing(mut command: Command) -> Child {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(&PIN.as_bytes()[..TYPED]).unwrap();
    until_true("it waits for the rest", || {
        rustix::io::ioctl_fionread(child.stdin.as_ref().unwrap()).unwrap() == 0
    });
    child
}

fn said(child: &mut Child) -> String {
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    said
}

fn opens_memory(pid: u32) -> bool {
    let script = format!("exec 3< /proc/{pid}/mem");
    Command::new("sh").args(["-c", &script]).uid(STRANGER).gid(STRANGER).output().unwrap().status.success()
}
