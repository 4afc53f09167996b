//! What is around the agent's own processes: the disk, the log's files, the clock, descriptors, kills.

use std::fs;
use std::path::PathBuf;

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, prlimit};

use super::{Group, Kind};
use crate::agent::kill;
use crate::faults::{Scene, Shape};
use crate::strace::Strace;
use crate::wait::until_true;

/// How many fronts come up and cannot serve, and how many assertions are released once there is room.
const IN_VAIN: usize = 3;
const SERVED_AGAIN: usize = 40;
/// How many requests show how a host does that can open nothing.
const MANY: usize = 40;

pub(super) fn kinds() -> Vec<Kind> {
    vec![
        Kind::new(Group::Agent, "the disk is full", |scene| {
            let disk = scene.site.disk();
            disk.fill();
            scene.until_refused();
            disk.free();
            scene.gone();
        })
        .on(Shape::SmallDisk),
        Kind::new(Group::Agent, "the backing store full below the file system, then a power cut", thin)
            .on(Shape::ThinDisk),
        Kind::new(Group::Agent, "the disk does not confirm", |scene| {
            let front = scene.agent().front().unwrap();
            let trace = scene.site.rig.at("trace");
            let failing = Strace::attach(front, &trace, &["-e", "inject=fdatasync:error=EIO:when=1"]);
            failing.until_ended(front);
            scene.gone();
        }),
        Kind::new(Group::Agent, "the log's open file removed, and put back from a copy", removed_log),
        Kind::new(Group::Agent, "the clock an hour forward", |scene| step(scene, "+3600")).on(Shape::Clock),
        Kind::new(Group::Agent, "the clock a minute back", |scene| step(scene, "-60")).on(Shape::Clock),
        Kind::new(Group::Agent, "no descriptor left for the front", |scene| {
            starve(scene, scene.agent().front().unwrap(), |scene| {
                // Whoever is connected is served, but for the moment in which the log needs its next file; whoever comes has
                // to wait.
                scene.callers.until_served(1);
            });
        }),
        Kind::new(Group::Agent, "no descriptor left for the host", |scene| {
            // A module may go on with what it has open, or fail.
            starve(scene, scene.agent().hosts()[0], |scene| scene.callers.until_answered(MANY));
        }),
        Kind::new(Group::Agent, "no descriptor left for the supervisor, and no host", |scene| {
            starve(scene, scene.agent().pid(), |scene| {
                scene.kill_host();
                scene.until_refused();
            });
        }),
        Kind::new(Group::Agent, "the front killed", |scene| {
            kill(scene.agent().front().unwrap(), Signal::KILL);
            scene.gone();
        }),
        Kind::new(Group::Agent, "the host killed", |scene| {
            scene.kill_host();
            scene.gone();
        }),
        Kind::new(Group::Agent, "the host stopped", |scene| {
            kill(scene.agent().hosts()[0], Signal::STOP);
            scene.gone();
        }),
        Kind::new(Group::Agent, "the supervisor killed, and the agent started again", |scene| {
            scene.replace_agent();
            scene.gone();
        }),
    ]
}

/// The file system has room and takes every write, and nothing reaches the disk; starts fail until there is room. What is
/// released from then on must be on the disk with all that is before it, whatever the page cache held meanwhile.
fn thin(scene: &mut Scene<'_>) {
    let disk = scene.site.disk();
    disk.fill();
    scene.agent().until_fronts(IN_VAIN);
    disk.free();
    scene.callers.until_served(SERVED_AGAIN);
    scene.replace_agent_after(|site| site.disk().forget_pages());
    scene.gone();
}

fn step(scene: &Scene<'_>, offset: &str) {
    scene.site.set_clock(offset);
    scene.gone();
    scene.until_refused();
}

/// Lets a process have no more descriptors than it has, for a while.
fn starve(scene: &Scene<'_>, pid: u32, meanwhile: impl Fn(&Scene<'_>)) {
    let pid = Pid::from_raw(pid.cast_signed());
    // A limit of ours, for this process's is out of reach: both are the agent's.
    let whole = getrlimit(Resource::Nofile);
    let none = Rlimit { current: Some(3), maximum: whole.maximum };
    prlimit(pid, Resource::Nofile, none).unwrap();
    meanwhile(scene);
    prlimit(pid, Resource::Nofile, whole).unwrap();
    scene.gone();
}

/// Nothing may be released into a file that no auditor finds. The agent ends, since its log is damaged, until an operator
/// has put a copy back: all that was in the file when it went, and nothing that came later.
fn removed_log(scene: &mut Scene<'_>) {
    let file = open_bundle(scene);
    let (kept, copy) = (scene.site.rig.at("kept"), scene.site.rig.at("copy"));
    let _ = fs::remove_file(&kept);
    fs::hard_link(&file, &kept).unwrap();
    fs::remove_file(&file).unwrap();
    fs::copy(&kept, &copy).unwrap();
    scene.until_refused();
    scene.until_ended();
    fs::rename(&copy, &file).unwrap();
    scene.gone();
    scene.replace_agent();
}

/// The file that is being written, once an entry of it is durable: before that, nothing is lost with it.
fn open_bundle(scene: &Scene<'_>) -> PathBuf {
    let open = scene.site.rig.at("state/log/open");
    let mut found = None;
    until_true("a bundle is open", || {
        let files = fs::read_dir(&open).unwrap().map(|file| file.unwrap().path());
        let mut written: Vec<_> = files
            .filter(|path| path.extension().is_some_and(|ending| ending == "entries"))
            .filter(|path| fs::metadata(path.with_extension("hashes")).is_ok_and(|file| file.len() > 0))
            .collect();
        written.sort();
        found = written.pop();
        found.is_some()
    });
    found.unwrap()
}
