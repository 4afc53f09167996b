//! A disk that is full, read-only or does not confirm. These tests mount file systems: run them as root.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use common::*;
use ledger::{Entry, Error, Kind, Ledger, RESERVE_BYTES, Reader, Recovered, verify};
use rustix::io::Errno;
use tempfile::TempDir;

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?} (these tests need root): {said}");
}

/// A mount that goes away with the test.
struct Mount(TempDir);

impl Mount {
    fn new(arguments: &[&str]) -> Self {
        let at = folder();
        run("mount", &[arguments, &[at.path().to_str().unwrap()]].concat());
        Self(at)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn log(&self) -> PathBuf {
        self.path().join("log")
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

/// Takes all that is left of the disk.
fn fill(path: &Path) {
    let mut file = fs::File::create(path).unwrap();
    for size in [1 << 20, 4096, 1] {
        while file.write_all(&vec![1; size]).is_ok() {}
    }
}

/// Records intents until the disk refuses one.
fn record_until_refused(ledger: &Ledger) -> u64 {
    for number in 0..100_000 {
        match record(ledger, intent(number)) {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error, Error::Unavailable(Errno::NOSPC));
                return number;
            }
        }
    }
    panic!("the disk never filled");
}

fn damage(log: &Path) -> Vec<ledger::Damage> {
    verify(&Reader::open(log).unwrap(), |_, _| {}).unwrap().damage
}

#[test]
fn a_full_disk_refuses_intents_takes_freezes_and_recovers_when_space_is_back() {
    let disk = Mount::new(&["-t", "tmpfs", "-o", "size=68m", "tmpfs"]);
    let (ledger, _) = Ledger::open(&disk.log()).unwrap();
    recorded(&ledger, intent(0));
    fill(&disk.path().join("filler"));
    let size = 1 + record_until_refused(&ledger);
    // The refused one left nothing behind and took nothing from the reserve.
    let file = fs::read(open_entries(&disk.log(), size / 256)).unwrap();
    assert_eq!((ledger.size(), bounds(&file).len() as u64), (size, size % 256 + 1));
    assert_eq!(bounds(&file).last(), Some(&file.len()));
    assert_eq!(fs::metadata(disk.log().join("reserve")).unwrap().len(), RESERVE_BYTES);
    // More than a bundle, so that the reserve carries a new file as well.
    for number in 0..600 {
        let entry =
            if number % 2 == 0 { lifecycle("frozen") } else { Entry::new(Kind::Lifecycle).reason("r") };
        recorded(&ledger, entry);
    }
    assert!(fs::metadata(disk.log().join("reserve")).unwrap().len() < RESERVE_BYTES);
    // There is space now, given back by the reserve, and it is not for ordinary entries.
    for kind in [Kind::Intent, Kind::Refusal, Kind::Probe, Kind::Posture] {
        assert_eq!(record(&ledger, Entry::new(kind)).unwrap_err(), Error::Unavailable(Errno::NOSPC));
    }
    fs::remove_file(disk.path().join("filler")).unwrap();
    recorded(&ledger, intent(0));
    assert_eq!(fs::metadata(disk.log().join("reserve")).unwrap().len(), RESERVE_BYTES);
    drop(ledger);
    assert_eq!(damage(&disk.log()), []);
}

#[test]
fn a_full_disk_keeps_the_checkpoint_that_is_published_and_takes_the_next_when_space_is_back() {
    let disk = Mount::new(&["-t", "tmpfs", "-o", "size=68m", "tmpfs"]);
    let (ledger, _) = Ledger::open(&disk.log()).unwrap();
    let key = LogKey::new();
    recorded(&ledger, intent(0));
    let first = publish(&ledger, &key);
    fill(&disk.path().join("filler"));
    recorded(&ledger, lifecycle("frozen"));
    fill(&disk.path().join("more"));
    let next = key.sign(settled(&ledger));
    let refused = ledger.publish(next.clone()).unwrap_err();
    assert!(matches!(refused, Error::Io { errno: Errno::NOSPC, .. }), "{refused}");
    assert_eq!(ledger.checkpoint().as_deref(), Some(&first));
    assert_eq!(fs::read_to_string(disk.log().join("checkpoint")).unwrap(), first.to_string());
    assert_eq!(damage(&disk.log()), []);
    recorded(&ledger, lifecycle("thawed"));
    ["filler", "more"].iter().for_each(|name| fs::remove_file(disk.path().join(name)).unwrap());
    ledger.publish(next.clone()).unwrap();
    assert_eq!(ledger.checkpoint().as_deref(), Some(&next));
    drop(ledger);
    assert_eq!(open_again(&disk.log()).1.checkpoint, Some(next));
    assert_eq!(damage(&disk.log()), []);
}

/// A program that another test starts just now has the lock until it is executed.
fn open_again(log: &Path) -> (Ledger, Recovered) {
    loop {
        match Ledger::open(log) {
            Err(Error::Locked { .. }) => std::thread::yield_now(),
            opened => return opened.unwrap(),
        }
    }
}

#[test]
fn a_ledger_that_was_killed_on_a_full_disk_starts_on_it() {
    let disk = Mount::new(&["-t", "tmpfs", "-o", "size=68m", "tmpfs"]);
    let (ledger, _) = Ledger::open(&disk.log()).unwrap();
    recorded(&ledger, intent(0));
    fill(&disk.path().join("filler"));
    let size = 1 + record_until_refused(&ledger);
    drop(ledger);
    let (ledger, recovered) = open_again(&disk.log());
    assert_eq!(recovered.size, size);
    recorded(&ledger, lifecycle("frozen"));
    assert_eq!(record(&ledger, intent(0)).unwrap_err(), Error::Unavailable(Errno::NOSPC));
}

#[test]
fn a_read_only_disk_refuses_the_start_and_says_so() {
    let disk = Mount::new(&["-t", "tmpfs", "-o", "size=80m", "tmpfs"]);
    drop(Ledger::open(&disk.log()).unwrap());
    run("mount", &["-o", "remount,ro", disk.path().to_str().unwrap()]);
    let error = Ledger::open(&disk.log()).unwrap_err();
    assert_eq!(error, Error::Io { file: "lock".to_owned(), errno: Errno::ROFS });
    assert_eq!(damage(&disk.log()), []);
    run("mount", &["-o", "remount,rw", disk.path().to_str().unwrap()]);
    assert!(Ledger::open(&disk.log()).is_ok());
}

#[test]
fn a_disk_that_turns_read_only_refuses_records_and_keeps_what_it_confirmed() {
    let image = folder();
    let file = image.path().join("disk");
    fs::File::create(&file).unwrap().set_len(160 << 20).unwrap();
    run("mkfs.ext4", &["-q", file.to_str().unwrap()]);
    let disk = Mount::new(&["-o", "loop,errors=remount-ro", file.to_str().unwrap()]);
    let (ledger, _) = Ledger::open(&disk.log()).unwrap();
    recorded(&ledger, intent(0));
    // ext4 gives up as it does after a bad sector: read-only under open files.
    let _ = Command::new("mount").args(["-o", "remount,abort"]).arg(disk.path()).output().unwrap();
    for number in 1..4 {
        assert_eq!(record(&ledger, intent(number)).unwrap_err(), Error::Unavailable(Errno::ROFS));
    }
    assert_eq!(record(&ledger, lifecycle("frozen")).unwrap_err(), Error::Unavailable(Errno::ROFS));
    assert_eq!(ledger.size(), 1);
    drop(ledger);
    assert_eq!(Reader::open(&disk.log()).unwrap().size().unwrap(), 1);
}

#[test]
fn a_refused_write_costs_only_its_own_and_the_next_works_when_the_cause_is_gone() {
    let dir = folder();
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    recorded(&ledger, intent(0));
    let file = open_entries(dir.path(), 0);
    run("chattr", &["+i", file.to_str().unwrap()]);
    let refused = record(&ledger, intent(1)).unwrap_err();
    run("chattr", &["-i", file.to_str().unwrap()]);
    assert_eq!(refused, Error::Unavailable(Errno::PERM));
    assert_eq!(recorded(&ledger, intent(2)), 1);
}

#[test]
fn a_failed_fdatasync_is_fatal_to_all_who_wait_and_to_all_who_come() {
    let dir = folder();
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    record_all(&ledger, (0..255).map(intent));
    // The null device takes every write and knows no fdatasync. It stands where the next bundle's file was made ready.
    let file = open_entries(dir.path(), 1);
    while fs::remove_file(&file).is_err() {
        std::thread::yield_now();
    }
    run("mknod", &[file.to_str().unwrap(), "c", "1", "3"]);
    recorded(&ledger, intent(255));
    assert_eq!(record(&ledger, intent(0)).unwrap_err(), Error::Fatal(Errno::INVAL));
    for entry in [intent(1), lifecycle("frozen")] {
        assert_eq!(record(&ledger, entry).unwrap_err(), Error::Fatal(Errno::INVAL));
    }
    assert_eq!(ledger.size(), 256);
}

#[test]
fn an_entry_in_a_file_that_was_removed_or_replaced_is_not_durable() {
    for replace in [false, true] {
        let dir = folder();
        let (ledger, _) = Ledger::open(dir.path()).unwrap();
        recorded(&ledger, intent(0));
        let file = open_entries(dir.path(), 0);
        let copy = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        if replace {
            fs::write(&file, &copy).unwrap();
        }
        assert!(matches!(record(&ledger, intent(1)), Err(Error::Fatal(_))), "replaced: {replace}");
        drop(ledger);
        fs::write(&file, &copy).unwrap();
        let (ledger, recovered) = Ledger::open(dir.path()).unwrap();
        assert_eq!((recovered.size, recorded(&ledger, intent(1))), (1, 1));
    }
}
