//! Wall clocks that a test moves, by libfaketime: those of all the agent's processes, as a real step does, or the front's alone
//! where it is to lie. CLOCK_BOOTTIME, which is read by a system call, stays the kernel's.
//!
//! Hosts get no LD_PRELOAD of ours, so the library is preloaded by an /etc/ld.so.preload that only this agent sees.

use std::fs;
use std::process::Command;

use crate::rig::library;
use crate::{Agent, Rig};

/// Where the front's clock is, since it can read beside the certificates; and the hosts', in a folder of their module's.
const FRONTS: &str = "state/certificates/faketime";
const HOSTS: &str = "clock/faketime";
/// What makes libfaketime move the wall clock and nothing else, and at once.
const SETTINGS: [(&str, &str); 3] =
    [("FAKETIME_NO_CACHE", "1"), ("FAKETIME_DONT_FAKE_MONOTONIC", "1"), ("NO_FAKE_STAT", "1")];

/// A rig whose hosts have a clock of their own.
pub fn clocked(rig: Rig) -> Rig {
    let rig = rig.folder("clock");
    let file = rig.at(HOSTS).display().to_string();
    let rig = rig.variable("FAKETIME_TIMESTAMP_FILE", &file);
    SETTINGS.iter().fold(rig, |rig, (name, value)| rig.variable(name, value))
}

/// Starts the agent of such a rig with clocks that [`set`] moves.
pub fn spawn(rig: &Rig, offset: &str) -> Agent {
    set(rig, offset);
    let etc = rig.at("etc");
    if !etc.exists() {
        assert!(Command::new("cp").arg("-a").arg("/etc").arg(&etc).status().unwrap().success());
        let library = library("faketime/libfaketime.so.1", "libfaketime");
        fs::write(etc.join("ld.so.preload"), format!("{}\n", library.display())).unwrap();
    }
    rig.spawn_with(|command| {
        let mut shell = Command::new("unshare");
        shell.args(["--mount", "--propagation", "private", "sh", "-c"]);
        shell.arg("mount --bind \"$0\" /etc && exec \"$@\"").arg(&etc);
        shell.arg(command.get_program()).args(command.get_args());
        shell.env("FAKETIME_TIMESTAMP_FILE", rig.at(FRONTS)).envs(SETTINGS);
        *command = shell;
        command
    })
}

/// Moves all clocks, by libfaketime's offset: the front's first, since it is the one that watches for steps.
pub fn set(rig: &Rig, offset: &str) {
    [FRONTS, HOSTS].iter().for_each(|clock| move_one(rig, clock, offset));
}

/// Moves the front's clock, and no host's.
pub fn set_fronts(rig: &Rig, offset: &str) {
    move_one(rig, FRONTS, offset);
}

fn move_one(rig: &Rig, clock: &str, offset: &str) {
    let new = rig.at("faketime.new");
    fs::write(&new, format!("{offset}\n")).unwrap();
    fs::rename(new, rig.at(clock)).unwrap();
}
