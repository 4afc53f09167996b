//! A backing store that fills up below the file system: ext4 has room and takes every write, and write-back fails. The
//! kernel then keeps the pages, readable and clean, so that only a disk read afresh tells what is there. Run it as root.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    sync::mpsc,
};

use common::*;
use ledger::{Error, Ledger, Reader, verify};
use tempfile::TempDir;

/// The size of the memory that backs the disk, and of the disk that it pretends to be, in MiB.
const BACKING: u64 = 32;
const DISK: u64 = 160;
/// So much of the disk's beginning is backed from the start, in MiB: the file system's own blocks and its journal, whose
/// loss would turn it read-only.
const OWN: u64 = 6;
/// How often the agent comes back while nothing can be written.
const RETURNS: u64 = 12;
/// How many records wait at once: more than a page of them.
const AT_ONCE: u64 = 64;
/// How many entries a predecessor leaves that are not on the disk: several pages, and no more than its bundle has room for.
const UNCONFIRMED: u64 = 150;
/// How many places on the disk are tried for them, until one has no backing: more than all that is backed.
const PLACES: usize = 4_000;

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?} (these tests need root): {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// An ext4 file system in a sparse file in a small memory.
struct Thin {
    folder: TempDir,
    /// Attached as long as this lives: one that mount(8) finds by itself is let go and taken again behind a test's back.
    device: String,
}

impl Thin {
    fn new() -> Self {
        let mut thin = Self { folder: folder(), device: String::new() };
        for name in ["backing", "disk"] {
            fs::create_dir(thin.at(name)).unwrap();
        }
        run("mount", &["-t", "tmpfs", "-o", &format!("size={BACKING}m"), "tmpfs", &thin.text("backing")]);
        let image = thin.text("backing/image");
        fs::File::create(&image).unwrap().set_len(DISK << 20).unwrap();
        let compact = ["-b", "4096", "-N", "1024", "-J", "size=4", "-E", "packed_meta_blocks=1"];
        run("mkfs.ext4", &[&["-q", "-m", "0"], &compact[..], &[&image]].concat());
        run("fallocate", &["-l", &format!("{OWN}MiB"), &image]);
        thin.device = run("losetup", &["--find", "--show", &image]).trim().to_owned();
        thin.mount();
        thin
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.at(name).to_str().unwrap().to_owned()
    }

    fn log(&self) -> PathBuf {
        self.at("disk/log")
    }

    fn mount(&self) {
        run("mount", &["-o", "errors=continue", &self.device, &self.text("disk")]);
    }

    /// As at a power cut: what is read later comes from the disk.
    fn unmount(&self) {
        run("umount", &[&self.text("disk")]);
    }

    /// Takes all that is left of the backing.
    fn fill(&self) {
        let filler = fs::File::create(self.at("backing/filler")).unwrap();
        let mut bytes = 0;
        while rustix::io::pwrite(&filler, &[1; 4096], bytes).is_ok_and(|written| written == 4096) {
            bytes += 4096;
        }
    }

    fn free(&self) {
        fs::remove_file(self.at("backing/filler")).unwrap();
    }
}

impl Drop for Thin {
    fn drop(&mut self) {
        for name in ["disk", "backing"] {
            let _ = Command::new("umount").arg("-l").arg(self.at(name)).status();
        }
        let _ = Command::new("losetup").args(["-d", &self.device]).status();
    }
}

/// Records many at a time until the disk does not confirm; what was acknowledged goes to `kept`.
fn record_until_lost(ledger: &Ledger, kept: &mut BTreeMap<u64, String>) {
    let (tell, told) = mpsc::channel();
    for round in 0..1_000 {
        for number in 0..AT_ONCE {
            let (tell, jti) = (tell.clone(), round * AT_ONCE + number);
            ledger.record(intent(jti), move |result| tell.send((jti, result)).unwrap());
        }
        let results: Vec<_> = told.iter().take(AT_ONCE as usize).collect();
        for (jti, result) in &results {
            match result {
                Ok(durable) => drop(kept.insert(durable.index(), format!("j{jti}"))),
                Err(Error::Fatal(_)) => {}
                Err(other) => panic!("{other}"),
            }
        }
        if results.iter().any(|(_, result)| result.is_err()) {
            return;
        }
    }
    panic!("the backing never filled");
}

fn record_some(ledger: &Ledger, kept: &mut BTreeMap<u64, String>) {
    for number in 0..300 {
        kept.insert(recorded(ledger, intent(number)), format!("j{number}"));
    }
}

/// An open bundle whose write-back failed, as a predecessor leaves it that is killed before it can cut it. Who reads the
/// file finds its entries: they are kept from then on.
fn write_as_one_who_is_killed(thin: &Thin, kept: &mut BTreeMap<u64, String>) {
    let first = kept.len() as u64;
    let open = open_entries(&thin.log(), first / 256);
    let more = fs::read(open_entries(log_of(UNCONFIRMED).path(), 0)).unwrap();
    let copy = write_where_nothing_is_backed(thin, &[fs::read(&open).unwrap(), more].concat());
    fs::rename(copy, open).unwrap();
    kept.extend((first..).zip((0..UNCONFIRMED).map(|number| format!("j{number}"))));
}

/// Some blocks were backed before and are free again: a copy that got those stays, and the next one gets others.
fn write_where_nothing_is_backed(thin: &Thin, bytes: &[u8]) -> PathBuf {
    for number in 0..PLACES {
        let copy = thin.at(&format!("disk/copy-{number}"));
        let mut file = fs::File::create(&copy).unwrap();
        file.write_all(bytes).unwrap();
        if file.sync_all().is_err() {
            file.sync_all().expect("an error is told once, and then all is well");
            return copy;
        }
    }
    panic!("the backing never filled");
}

#[track_caller]
fn assert_kept(log: &Path, kept: &BTreeMap<u64, String>) {
    let reader = Reader::open(log).unwrap();
    let report = verify(&reader, |_, _| {}).unwrap();
    assert_eq!(report.damage, [], "of {} entries", kept.len());
    let found: BTreeMap<u64, String> =
        reader.entries(0).map(|item| item.unwrap()).map(|(i, entry)| (i, entry.jti.unwrap())).collect();
    let lost: Vec<_> = kept.iter().filter(|(index, jti)| found.get(index) != Some(jti)).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged entries are lost: {lost:?}", lost.len(), kept.len());
}

/// Starts again and again while nothing can be written, and says how often there was a ledger.
fn return_in_vain(thin: &Thin, kept: &mut BTreeMap<u64, String>) -> u64 {
    let mut opened = 0;
    for _ in 0..RETURNS {
        match Ledger::open(&thin.log()) {
            Ok((ledger, _)) => {
                record_until_lost(&ledger, kept);
                opened += 1;
            }
            // A start that cannot make sure of what it read is none.
            Err(Error::Unsure { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
    opened
}

#[test]
fn what_write_back_lost_is_on_the_disk_before_anything_is_built_on_it() {
    let thin = Thin::new();
    let mut kept = BTreeMap::new();
    let (ledger, _) = Ledger::open(&thin.log()).unwrap();
    record_some(&ledger, &mut kept);
    drop(ledger);
    thin.fill();
    write_as_one_who_is_killed(&thin, &mut kept);
    return_in_vain(&thin, &mut kept);
    thin.free();
    let (ledger, recovered) = Ledger::open(&thin.log()).unwrap();
    assert_eq!(recovered.size, kept.len() as u64);
    record_some(&ledger, &mut kept);
    drop(ledger);
    thin.unmount();
    thin.mount();
    assert_kept(&thin.log(), &kept);
    let (ledger, _) = Ledger::open(&thin.log()).unwrap();
    record_some(&ledger, &mut kept);
}

#[test]
fn a_start_that_cannot_write_what_it_read_is_refused_loses_nothing_and_works_later() {
    let thin = Thin::new();
    let mut kept = BTreeMap::new();
    let (ledger, _) = Ledger::open(&thin.log()).unwrap();
    record_some(&ledger, &mut kept);
    thin.fill();
    record_until_lost(&ledger, &mut kept);
    drop(ledger);
    // What was not confirmed is cut: the kernel may drop its pages one by one, and what is left would look like damage.
    assert_eq!(Reader::open(&thin.log()).unwrap().size().unwrap(), kept.len() as u64);
    assert_eq!(return_in_vain(&thin, &mut kept), 0, "a start trusted what it could not write");
    // Nothing that a start tried is in the way of what was on the disk before.
    // The file system's own journal may hold blocks that had no room either, and is played back at once.
    thin.unmount();
    thin.free();
    thin.mount();
    let (ledger, _) = Ledger::open(&thin.log()).unwrap();
    record_some(&ledger, &mut kept);
    drop(ledger);
    assert_kept(&thin.log(), &kept);
}
