//! A backing store that fills up below the file system. ext4 has room and takes every write; write-back fails, and the kernel
//! keeps the pages, readable and clean: what a start reads then may never reach the disk. This test mounts file systems and
//! reads the log afresh from them, as after a power cut: run it as root.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;

use tests::disk::Disk;
use tests::strace::Strace;
use tests::wait::until_true;
use tests::{Agent, Load, Rig};

/// What the disk says that it has, in MiB, and what is below it.
const DISK: u64 = 512;
const BACKING: &str = "96m";
/// How many fronts come up while nothing reaches the disk.
const FRONTS: usize = 3;
/// How often all of it happens.
const ROUNDS: usize = 3;

#[test]
fn each_released_signature_is_on_the_disk_after_write_back_failed_a_kill_and_a_power_cut() {
    let rig = Rig::bare();
    fs::create_dir(rig.at("below")).unwrap();
    let disk = Disk::thin(&rig.at("state"), DISK, &rig.at("below"), BACKING);
    let rig = rig.provisioned();
    let mut agent: Agent = rig.start();
    let load = Load::start(agent.socket(), 8);
    for round in 0..ROUNDS {
        load.until_answered(100);
        // This front cannot cut what was not confirmed, as one that is killed before it gets there.
        let front = agent.front().unwrap();
        let trace = rig.at(&format!("trace-{round}"));
        let failing = Strace::attach(front, &trace, &["-e", "inject=ftruncate:error=EIO"]);
        disk.fill();
        failing.until_ended(front);
        agent.until_fronts(FRONTS);
        // Killed, all of it: the next agent finds what the page cache kept.
        drop(agent);
        disk.free();
        agent = rig.start();
        load.until_answered(400);
        drop(agent);
        disk.forget_pages();
        agent = rig.start();
    }
    load.until_answered(100);
    let took = load.stop();
    agent.await_output("could not be made durable");
    assert!(agent.stop().success());
    disk.forget_pages();
    println!("{} released", took.received.len());
    rig.assert_recorded(&took.received);
}

/// Room comes back under the very agent that met the fault: it serves again by itself, and refused nothing that it needs.
#[test]
fn an_agent_serves_again_by_itself_once_there_is_room_below_its_file_system() {
    let rig = Rig::bare();
    fs::create_dir(rig.at("below")).unwrap();
    let disk = Disk::thin(&rig.at("state"), DISK, &rig.at("below"), BACKING);
    let rig = rig.provisioned();
    let agent = rig.start();
    let load = Load::start(agent.socket(), 4);
    load.until_answered(100);
    disk.fill();
    agent.until_fronts(FRONTS);
    disk.free();
    load.until_answered(100);
    let took = load.stop();
    // The operator is told why.
    agent.await_output("what was read may not be on the disk");
    until_true("it signs", || agent.assertion("de").status == 200);
    assert!(agent.stop().success());
    disk.forget_pages();
    rig.assert_recorded(&took.received);
}
