//! What a kill amid SoftHSM2's C_Login leaves of its token, at each system call of it, as docs/tokens.md says.
//!
//! strace kills a process that does nothing but log in, on its way into that call. Each time the token's folder is a copy.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use tests::Rig;
use tests::rig::{PIN, binary, softhsm};

/// The process's own mark before and after C_Login.
const MARK: &str = "getppid";
/// The file that C_Login writes anew.
const STORE: &str = "token.object>";

/// One system call of C_Login.
struct Call {
    name: String,
    /// Which one of its name it is in the process's life.
    nth: usize,
    line: String,
}

#[test]
fn a_kill_amid_softhsm2s_login_costs_the_token_from_its_truncation_until_it_is_written() {
    let rig = Rig::bare().provisioned();
    copy(&rig.at("tokens"), &rig.at("kept"));
    let login = within_login(&trace(&rig, &[]));
    let at = |name: &str, from: usize| {
        let is_it = |call: &Call| call.name == name && call.line.contains(STORE);
        from + login[from..].iter().position(is_it).unwrap()
    };
    let truncated = at("ftruncate", 0);
    let written = at("write", truncated);
    for (number, call) in login.iter().enumerate() {
        fs::remove_dir_all(rig.at("tokens")).unwrap();
        copy(&rig.at("kept"), &rig.at("tokens"));
        let inject = format!("inject={}:signal=SIGKILL:when={}", call.name, call.nth);
        let seen = trace(&rig, &["-e", &inject]);
        let marks = seen.iter().filter(|line| line.starts_with(MARK)).count();
        assert_eq!(marks, 1, "not killed in C_Login at {}", call.line);
        let is_lost = !log_in(&rig, &["--key", "kunci:de"]).output().unwrap().status.success();
        println!("{} {}", if is_lost { "lost " } else { "whole" }, call.line);
        assert_eq!(is_lost, (truncated + 1..=written).contains(&number), "{}", call.line);
    }
    println!("killed at {} calls, lost at {}", login.len(), written - truncated);
}

fn log_in(rig: &Rig, more: &[&str]) -> Command {
    let mut command = Command::new(binary("kunci-login"));
    command.arg("--module").arg(softhsm()).args(["--token", "rig", "--pin", PIN]).args(more);
    command.env("SOFTHSM2_CONF", rig.at("softhsm2.conf")).env_remove("LD_LIBRARY_PATH");
    command
}

/// A login under strace; the calls that it made.
fn trace(rig: &Rig, arguments: &[&str]) -> Vec<String> {
    let (seen, login) = (rig.at("login.trace"), log_in(rig, &[]));
    let mut strace = Command::new("strace");
    strace.args(["-qq", "-y"]).args(arguments).arg("-o").arg(&seen);
    strace.arg(login.get_program()).args(login.get_args());
    for (name, value) in login.get_envs() {
        match value {
            Some(value) => strace.env(name, value),
            None => strace.env_remove(name),
        };
    }
    strace.status().expect("strace is missing: apt-get install strace");
    let seen = fs::read(seen).unwrap();
    String::from_utf8_lossy(&seen).lines().map(str::to_owned).collect()
}

/// The calls between the two marks.
fn within_login(lines: &[String]) -> Vec<Call> {
    let (mut counts, mut marks, mut within) = (BTreeMap::new(), 0, Vec::new());
    for line in lines {
        let Some((name, _)) = line.split_once('(') else { continue };
        let nth = counts.entry(name.to_owned()).or_insert(0);
        *nth += 1;
        marks += usize::from(name == MARK);
        if marks == 1 && name != MARK {
            within.push(Call { name: name.to_owned(), nth: *nth, line: line.clone() });
        }
    }
    assert_eq!(marks, 2);
    within
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}
