//! Appending: durable entries, batches, files, and what a second start finds.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{Arc, mpsc},
};

use common::*;
use ledger::{Entry, Error, Kind, Ledger, MAX_QUEUED, Reader, verify};

#[test]
fn receipts_count_up_and_a_second_start_finds_every_entry() {
    let dir = folder();
    let (ledger, recovered) = Ledger::open(dir.path()).unwrap();
    assert_eq!((recovered.size, recovered.last_time), (0, None));
    for number in 0..5 {
        assert_eq!(recorded(&ledger, intent(number)), number);
    }
    assert_eq!(ledger.size(), 5);
    drop(ledger);
    let (ledger, recovered) = Ledger::open(dir.path()).unwrap();
    assert_eq!((recovered.size, recovered.cut_bytes), (5, 0));
    assert!(recovered.last_time.is_some());
    assert_eq!(recorded(&ledger, intent(5)), 5);
}

#[test]
fn a_drop_writes_all_that_waits() {
    let dir = folder();
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    let (tell, told) = mpsc::channel();
    for number in 0..700 {
        let tell = tell.clone();
        ledger.record(intent(number), move |result| tell.send(result.unwrap().index()).unwrap());
    }
    drop((ledger, tell));
    assert_eq!(told.iter().collect::<Vec<_>>(), (0..700).collect::<Vec<_>>());
    assert_eq!(Reader::open(dir.path()).unwrap().size().unwrap(), 700);
}

#[test]
fn the_last_handle_may_be_dropped_by_the_writer_itself() {
    let dir = folder();
    let ledger = Arc::new(Ledger::open(dir.path()).unwrap().0);
    let (hold, held) = mpsc::channel::<Arc<Ledger>>();
    let (tell, told) = mpsc::channel();
    ledger.record(intent(0), move |_| {
        drop(held.recv().unwrap());
        tell.send(()).unwrap();
    });
    hold.send(ledger).unwrap();
    told.recv().unwrap();
}

#[test]
fn a_full_queue_refuses_at_once_and_loses_nothing() {
    let dir = folder();
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    let (started, has_started) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    ledger.record(intent(0), move |_| {
        started.send(()).unwrap();
        released.recv().unwrap();
    });
    has_started.recv().unwrap();
    for number in 0..MAX_QUEUED as u64 {
        ledger.record(intent(number), |result| drop(result.unwrap()));
    }
    assert_eq!(record(&ledger, intent(0)).unwrap_err(), Error::Busy);
    release.send(()).unwrap();
    drop(ledger);
    assert_eq!(Reader::open(dir.path()).unwrap().size().unwrap(), 1 + MAX_QUEUED as u64);
}

#[test]
fn a_panic_of_a_waiter_does_not_stop_the_log() {
    let dir = folder();
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    ledger.record(intent(0), |_| panic!("a waiter's own fault"));
    assert_eq!(recorded(&ledger, intent(1)), 1);
}

#[test]
fn a_second_opener_is_told_who_holds_the_log() {
    let dir = folder();
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    let error = Ledger::open(dir.path()).unwrap_err();
    assert_eq!(error, Error::Locked { pid: Some(std::process::id()) });
    assert!(error.to_string().contains(&std::process::id().to_string()));
    drop(ledger);
    assert!(Ledger::open(dir.path()).is_ok());
}

#[test]
fn nothing_of_the_log_is_open_to_others() {
    let dir = folder();
    let path = dir.path().join("log");
    let (ledger, _) = Ledger::open(&path).unwrap();
    record_all(&ledger, (0..300).map(intent));
    drop(ledger);
    let mut seen = 0;
    for_each_file(&path, &mut |path, is_dir| {
        let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, if is_dir { 0o700 } else { 0o600 }, "{}", path.display());
        seen += 1;
    });
    assert!(seen > 10, "{seen}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    drop(Ledger::open(&path).unwrap());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
}

fn for_each_file(path: &Path, look: &mut impl FnMut(&Path, bool)) {
    look(path, path.is_dir());
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| for_each_file(&entry.unwrap().path(), look));
    }
}

#[test]
fn full_bundles_lie_where_c2sp_says() {
    let dir = log_of(256 * 3 + 7);
    for n in 0..3 {
        let bundle = fs::read(dir.path().join(format!("tile/entries/{n:03}"))).unwrap();
        assert_eq!(bounds(&bundle).len(), 257);
        let tile = fs::read(dir.path().join(format!("tile/0/{n:03}"))).unwrap();
        for (hash, bound) in tile.chunks(32).zip(bounds(&bundle).windows(2)) {
            assert_eq!(hash, ledger::leaf_hash(&bundle[bound[0] + 2..bound[1]]));
        }
    }
    assert_eq!(bounds(&fs::read(open_entries(dir.path(), 3)).unwrap()).len(), 8);
    assert_eq!(fs::read(open_hashes(dir.path(), 3)).unwrap().len(), 7 * 32);
}

#[test]
fn every_lifecycle_entry_is_found_again_wherever_it_lies() {
    let dir = folder();
    let wanted: Vec<u64> = [0, 255, 256, 700, 5000, 5001, 5100].to_vec();
    {
        let (ledger, _) = Ledger::open(dir.path()).unwrap();
        let entry = |index| match wanted.contains(&index) {
            // Nothing of today's state is in it, and there may be very many.
            false if index == 5002 => Entry::new(Kind::Posture).reason("clock-step"),
            true => lifecycle(&index.to_string()),
            false => intent(index),
        };
        record_all(&ledger, (0..5120 + 10).map(entry));
    }
    let found = |what: &str| {
        let (_ledger, recovered) = Ledger::open(dir.path()).unwrap();
        let indices: Vec<u64> = recovered.lifecycle.iter().map(|(index, _)| *index).collect();
        assert_eq!(indices, wanted, "{what}");
        assert_eq!(recovered.size, 5130, "{what}");
        assert_eq!(recovered.lifecycle[1].1.state.as_deref(), Some("255"), "{what}");
    };
    let marks = dir.path().join("marks");
    assert!(fs::read_to_string(&marks).unwrap().contains("\"size\":5120"));
    found("by the marks");
    fs::remove_file(&marks).unwrap();
    found("without marks");
    let good = fs::read_to_string(&marks).unwrap();
    for bad in ["", "{}", &good.replace("5120", "5376"), &good.replace(",700,", ",")] {
        fs::write(&marks, bad).unwrap();
        found(bad);
    }
}

#[test]
fn the_tree_of_a_log_verifies_and_its_tiles_go_up() {
    let dir = log_of(256 * 256 + 300);
    let reader = Reader::open(dir.path()).unwrap();
    let mut told = Vec::new();
    let report = verify(&reader, |done, all| told.push((done, all))).unwrap();
    assert_eq!(report.damage, []);
    assert_eq!((report.size, report.intents, report.signatures), (65836, 65836, 65836));
    assert!(told.is_sorted() && told.last() == Some(&(65836, 65836)));
    let leaves = reader.raw(0).map(|item| ledger::leaf_hash(&item.unwrap().1));
    assert_eq!(report.root.unwrap().0, leaves.collect::<ledger::Tree>().root());
    assert_eq!(fs::read(dir.path().join("tile/1/000")).unwrap().len(), 256 * 32);
    assert!(!dir.path().join("tile/2").exists());
}

#[test]
fn a_lazy_record_is_written_by_the_next_hurried_one_or_a_hurry_or_the_end() {
    let dir = folder();
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    let (tell, told) = mpsc::channel();
    let lazily = |number| {
        let tell = tell.clone();
        ledger.record_lazily(intent(number), move |result| tell.send(result.unwrap().index()).unwrap());
    };
    lazily(0);
    assert_eq!(recorded(&ledger, intent(1)), 1);
    assert_eq!(told.recv(), Ok(0));
    lazily(2);
    ledger.flush();
    assert_eq!(told.recv(), Ok(2));
    lazily(3);
    drop((ledger, tell));
    assert_eq!(told.recv(), Ok(3));
}
