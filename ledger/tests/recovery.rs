//! Recovery against any tail that a kill, a power cut or a vandal may leave.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use common::*;
use ledger::{Error, Ledger, Reader};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

/// A log of whole entries, and what may stand behind them.
fn write(dir: &Path, good: &[u8], tail: &[u8], hashes: &[u8]) {
    fs::create_dir_all(dir.join("open")).unwrap();
    fs::write(open_entries(dir, 0), [good, tail].concat()).unwrap();
    fs::write(open_hashes(dir, 0), hashes).unwrap();
}

fn original(size: u64) -> (Vec<u8>, Vec<u8>) {
    let dir = log_of(size);
    (fs::read(open_entries(dir.path(), 0)).unwrap(), fs::read(open_hashes(dir.path(), 0)).unwrap())
}

/// Opens once in a folder that many cases share, so that the reserve is made once.
fn open_with(dir: &Path, good: &[u8], tail: &[u8], hashes: &[u8]) -> Result<u64, Error> {
    let _ = fs::remove_dir_all(dir.join("open"));
    write(dir, good, tail, hashes);
    Ledger::open(dir).map(|(_, recovered)| recovered.size)
}

/// Tries many cases on one folder and one log of four entries.
fn for_many<S: Strategy>(
    cases: S,
    claim: impl Fn(&Path, &[u8], &[u8], S::Value) -> Result<(), TestCaseError>,
) {
    let (dir, (good, hashes)) = (folder(), original(4));
    let mut runner = TestRunner::new(Config { cases: 400, failure_persistence: None, ..Config::default() });
    runner.run(&cases, |case| claim(dir.path(), &good, &hashes, case)).unwrap();
}

#[test]
fn whole_entries_survive_any_tail_or_the_start_is_refused() {
    let cases = (prop::collection::vec(any::<u8>(), 0..300), 0usize..=4);
    for_many(cases, |dir, good, hashes, (tail, known)| {
        match open_with(dir, good, &tail, &hashes[..known * 32]) {
            Ok(size) => {
                let kept = fs::read(open_entries(dir, 0)).unwrap();
                prop_assert!(kept.starts_with(good));
                prop_assert!(size == 4 && kept.len() == good.len());
                prop_assert_eq!(Reader::open(dir).unwrap().size().unwrap(), size);
            }
            Err(Error::Corrupt { index, offset, .. }) => {
                prop_assert!(index >= 4 && offset >= good.len() as u64);
                prop_assert_eq!(fs::read(open_entries(dir, 0)).unwrap(), [good, &tail].concat());
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
        Ok(())
    });
}

#[test]
fn a_cut_or_zeroed_end_of_the_last_frame_is_cut_and_no_more() {
    for_many((0usize..10_000, 0usize..700), |dir, good, hashes, (at, zeros)| {
        let last = bounds(good)[3];
        let end = last + at % (good.len() - last);
        let size = open_with(dir, &good[..end], &vec![0; zeros], &hashes[..3 * 32]);
        prop_assert_eq!(size, Ok(3));
        prop_assert_eq!(fs::read(open_entries(dir, 0)).unwrap(), &good[..last]);
        Ok(())
    });
}

#[test]
fn any_bytes_in_place_of_a_durable_stretch_refuse_the_start() {
    let cases = (0usize..10_000, prop::collection::vec(any::<u8>(), 1..40));
    for_many(cases, |dir, good, hashes, (at, bytes)| {
        let mut bad = good.to_vec();
        let at = at % (good.len() - bytes.len());
        bad[at..at + bytes.len()].copy_from_slice(&bytes);
        prop_assume!(bad != good);
        let refused = open_with(dir, &bad, &[], hashes);
        prop_assert!(matches!(refused, Err(Error::Corrupt { .. })), "{:?}", refused);
        Ok(())
    });
}

#[test]
fn a_bundle_that_was_full_but_not_yet_moved_is_sealed_at_the_start() {
    let dir = log_of(256 * 2 + 9);
    // As a kill between fdatasync and the sealer leaves them.
    for n in 0..2 {
        fs::rename(dir.path().join(format!("tile/entries/{n:03}")), open_entries(dir.path(), n)).unwrap();
        let hashes = fs::read(dir.path().join(format!("tile/0/{n:03}"))).unwrap();
        fs::write(open_hashes(dir.path(), n), &hashes[..n as usize * 1000]).unwrap();
        fs::remove_file(dir.path().join(format!("tile/0/{n:03}"))).unwrap();
    }
    let reader = Reader::open(dir.path()).unwrap();
    assert_eq!(reader.size().unwrap(), 521);
    let before: Vec<_> = reader.raw(0).map(|item| item.unwrap()).collect();
    let (ledger, recovered) = Ledger::open(dir.path()).unwrap();
    assert_eq!(recovered.size, 521);
    assert_eq!(recorded(&ledger, intent(521)), 521);
    drop(ledger);
    assert!(dir.path().join("tile/entries/001").exists());
    assert_eq!(
        Reader::open(dir.path()).unwrap().raw(0).map(|i| i.unwrap()).take(521).collect::<Vec<_>>(),
        before
    );
    let report = ledger::verify(&reader, |_, _| {}).unwrap();
    assert_eq!((report.size, report.damage), (522, vec![]));
}

/// What was read may never have reached the disk, so it goes to new files; below the marks it is known to be there.
#[test]
fn a_start_writes_what_is_above_the_marks_to_new_files_and_nothing_below_them() {
    let dir = log_of(256 * 256 + 40);
    let path = |name: &str| dir.path().join(name);
    let sealed = ["tile/entries/000", "tile/entries/255", "tile/0/000", "tile/0/255", "tile/1/000"].map(path);
    let open = [path("open/256.entries")];
    // While it is open, its number is not given to another.
    let held = |paths: &[PathBuf]| paths.iter().map(|path| fs::File::open(path).unwrap()).collect::<Vec<_>>();
    let are_same = |paths: &[PathBuf], files: &[fs::File]| {
        let number = |file: &fs::File| file.metadata().unwrap().ino();
        held(paths).iter().zip(files).map(|(now, before)| number(now) == number(before)).collect::<Vec<_>>()
    };
    let bytes = |paths: &[PathBuf]| paths.iter().map(|path| fs::read(path).unwrap()).collect::<Vec<_>>();

    let (before, before_open, stored) = (held(&sealed), held(&open), bytes(&sealed));
    drop(Ledger::open(dir.path()).unwrap());
    assert_eq!(are_same(&sealed, &before), [true; 5], "below the marks");
    assert_eq!(are_same(&open, &before_open), [false]);
    fs::remove_file(path("marks")).unwrap();
    drop(Ledger::open(dir.path()).unwrap());
    assert_eq!(are_same(&sealed, &before), [false; 5], "above the marks");
    assert_eq!(bytes(&sealed), stored);
    assert!(path("marks").exists(), "the next start need not do it again");
}
