//! A disk that takes no new block. Promise 3 at the token: requests are refused before they reach it. The first refusal may
//! have come too late for that, since the disk works while the token signs; OpenSC's spy counts what reached the module.
//! Promise 5: a PIN that is refused while the disk is full is not tried again, whatever becomes of the agent.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs::{self, File};

use tests::Rig;
use tests::disk::Disk;
use tests::faults::{Action, Faults, Function, Times};
use tests::rig::OBJECT;
use tests::wait::until;

/// Room for the reserve of 64 MiB and a little more.
const SMALL: &str = "72m";
/// What a thin disk has below it, and what it says that it has, in MiB.
const BACKING: &str = "96m";
const THIN: u64 = 512;
const WRONG: &str = "not-the-rigs-pin";

#[test]
fn on_a_full_disk_no_request_reaches_the_token_from_the_second_refusal_on() {
    let rig = Rig::bare();
    let disk = Disk::memory(&rig.at("state"), SMALL);
    let rig = rig.provisioned().spied();
    rig.write();
    let agent = rig.start();
    let signatures = || rig.calls("C_Sign");
    let before = signatures();
    agent.assertion("de").ok();
    assert!(signatures() > before, "so this counts them");
    disk.fill();
    let proof = format!(r#"{{"object_id":"{OBJECT}","reason":"roll"}}"#);
    let each = || {
        [
            agent.assertion("de"),
            agent.admin("POST", "/v1/connectors/de/proofs", &proof),
            agent.admin("POST", "/v1/connectors/de/provision", r#"{"csr":true}"#),
        ]
    };
    // The log's last page may have room for the shorter of their entries when a longer one is refused.
    until("the disk refuses", || each().iter().all(|answer| answer.status != 200).then_some(()));

    let before = signatures();
    for _ in 0..10 {
        for answer in each() {
            answer.refused(503, "ledger-unavailable");
        }
    }
    assert_eq!(signatures(), before, "the token signed what could not be recorded");
    disk.free();
    agent.assertion("de").ok();
    assert!(signatures() > before);
    assert!(agent.stop().success());
    rig.assert_whole();
}

#[test]
fn a_pin_that_is_refused_on_a_full_disk_stays_refused_after_a_kill() {
    for kind in ["tmpfs", "ext4", "thin"] {
        let rig = Rig::bare();
        fs::create_dir(rig.at("below")).unwrap();
        let disk = match kind {
            "tmpfs" => Disk::memory(&rig.at("state"), SMALL),
            "ext4" => Disk::ext4(&rig.at("state"), &rig.at("image"), 96),
            _ => Disk::thin(&rig.at("state"), THIN, &rig.at("below"), BACKING),
        };
        let rig = rig.with_faults().provisioned();
        let faults = Faults::of(&rig);
        // Accepted once, this source would be given once more if its last attempt has no outcome.
        assert!(rig.start().stop().success());
        same_file_other_pin(&rig);
        let logins = faults.calls(Function::Login);
        faults.strike(Function::Login, Action::Hold, 0, Times::N(1));
        let agent = rig.spawn();
        faults.until_held(Function::Login);
        disk.fill();
        faults.clear();
        agent.await_tokens("latched");
        // SIGKILL, before there is room.
        drop(agent);
        disk.free();
        if kind == "thin" {
            disk.forget_pages();
        }
        let agent = rig.spawn();
        agent.await_tokens("latched");
        assert!(agent.detail().contains("the PIN was refused"), "{kind}: {}", agent.detail());
        assert_eq!((faults.calls(Function::Login), faults.refused_pins()), (logins + 1, 1), "{kind}");
    }
}

/// Another PIN in the very file, as far as a source is known: its inode and its time. On the token it is as if the PIN was
/// changed there.
fn same_file_other_pin(rig: &Rig) {
    let path = rig.at("pin");
    let written = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, WRONG).unwrap();
    File::options().write(true).open(&path).unwrap().set_modified(written).unwrap();
}
