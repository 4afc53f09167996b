//! A checkpoint put beside the log: what a copy then is, what a start finds, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use common::*;
use ledger::{Error, Ledger, Reader, Report, Root, SignedCheckpoint, TilePath, TreeHead, leaf_hash, verify};
use tempfile::TempDir;

fn report(dir: &Path) -> Report {
    verify(&Reader::open(dir).unwrap(), |_, _| {}).unwrap()
}

fn copied(dir: &Path) -> TempDir {
    let copy = folder();
    copy_published(dir, copy.path());
    copy
}

/// The files below a folder, by their paths.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let name = path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned();
                    found.insert(name, fs::read(&path).unwrap());
                }
            }
        }
    }
    found
}

/// What C2SP tlog-tiles wants of a log of this size, by its formulas.
fn wanted(size: u64) -> Vec<String> {
    let mut paths = vec!["checkpoint".to_owned()];
    let mut name = |n: u64, width: u64, level: Option<u32>| {
        let level = level.map_or("entries".to_owned(), |level| level.to_string());
        let part = if width < 256 { format!(".p/{width}") } else { String::new() };
        paths.push(format!("tile/{level}/{n:03}{part}"));
    };
    for level in 0..4 {
        let below = size / 256u64.pow(level);
        (0..below / 256).for_each(|n| name(n, 256, Some(level)));
        if !below.is_multiple_of(256) {
            name(below / 256, below % 256, Some(level));
        }
    }
    (0..size / 256).for_each(|n| name(n, 256, None));
    if !size.is_multiple_of(256) {
        name(size / 256, size % 256, None);
    }
    paths.sort();
    paths
}

#[test]
fn a_copy_of_checkpoint_and_tiles_is_the_log_as_the_specification_has_it() {
    let key = LogKey::new();
    for size in [1, 255, 256, 257, 2 * 256 + 70] {
        let dir = log_of(size);
        let (ledger, _) = Ledger::open(dir.path()).unwrap();
        let signed = publish(&ledger, &key);
        let copy = copied(dir.path());
        let files = files(copy.path());
        assert_eq!(files.keys().cloned().collect::<Vec<_>>(), wanted(size), "{size}");
        assert_eq!(files["checkpoint"], signed.to_string().into_bytes());
        let (live, reader) = (ledger.reader().unwrap(), Reader::open(copy.path()).unwrap());
        for (name, bytes) in
            files.iter().filter_map(|(name, bytes)| Some((name.strip_prefix("tile/")?, bytes)))
        {
            let path: TilePath = name.parse().unwrap();
            assert_eq!(live.get(path).as_ref(), Ok(bytes), "{name}");
        }
        let report = report(copy.path());
        assert_eq!(
            (report.size, report.root, report.damage.as_slice()),
            (size, Some(signed.head().root), &[][..])
        );
        assert_eq!(reader.raw(0).count() as u64, size);
        let leaf = leaf_hash(&reader.raw(size - 1).next().unwrap().unwrap().1);
        let proof = reader.inclusion(size - 1, size).unwrap();
        assert_eq!(signed.head().verify_inclusion(size - 1, &leaf, &proof), Ok(()));
    }
}

#[test]
fn partial_files_stay_until_a_full_one_has_their_place() {
    let (key, dir) = (LogKey::new(), folder());
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    for size in [3, 7, 255] {
        record_all(&ledger, (ledger.size()..size).map(intent));
        publish(&ledger, &key);
    }
    let partial = |of: &str| {
        let mut names: Vec<_> =
            files(&dir.path().join("tile")).into_keys().filter(|name| name.starts_with(of)).collect();
        names.sort();
        names
    };
    assert_eq!(partial("0/000.p"), ["0/000.p/255", "0/000.p/3", "0/000.p/7"]);
    assert_eq!(partial("entries/000.p"), ["entries/000.p/255", "entries/000.p/3", "entries/000.p/7"]);
    record_all(&ledger, (255..600).map(intent));
    publish(&ledger, &key);
    assert_eq!((partial("0/000.p").len(), partial("entries/000.p").len()), (0, 0));
    assert!(!dir.path().join("tile/0/000.p").exists(), "the folder, too");
    assert_eq!(partial("1/000.p"), ["1/000.p/2"]);
    record_all(&ledger, (600..800).map(intent));
    publish(&ledger, &key);
    assert_eq!(partial("1/000.p"), ["1/000.p/2", "1/000.p/3"]);
    assert_eq!(report(dir.path()).damage, []);
}

#[test]
fn the_same_size_is_published_again_with_a_newer_signature_and_a_smaller_one_is_not() {
    let (key, dir) = (LogKey::new(), log_of(9));
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    let earlier = settled(&ledger);
    record_all(&ledger, [intent(9)]);
    publish(&ledger, &key);
    let again = LogKey::new().sign(settled(&ledger));
    ledger.publish(again.clone()).unwrap();
    assert_eq!(ledger.checkpoint().as_deref(), Some(&again));
    assert_eq!(ledger.publish(key.sign(earlier)), Err(Error::Older { published: 10, offered: 9 }));
    assert_eq!(fs::read_to_string(dir.path().join("checkpoint")).unwrap(), again.to_string());
}

#[test]
fn what_is_not_of_this_log_is_not_published() {
    let (key, dir) = (LogKey::new(), log_of(300));
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    let log = ledger.head();
    let foreign = TreeHead { size: 300, root: Root([7; 32]) };
    assert_eq!(ledger.publish(key.sign(foreign)), Err(Error::Diverged { checkpoint: foreign, log }));
    let ahead = TreeHead { size: 301, root: log.root };
    assert_eq!(ledger.publish(key.sign(ahead)), Err(Error::Diverged { checkpoint: ahead, log }));
    assert_eq!(ledger.checkpoint(), None);
    assert!(!dir.path().join("checkpoint").exists());
}

#[test]
fn no_checkpoint_is_published_before_its_full_bundles_are_at_their_paths() {
    let (key, dir) = (LogKey::new(), log_of(9));
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    let first = publish(&ledger, &key);
    // No file takes a folder's name.
    let in_the_way = dir.path().join("tile/entries/000");
    fs::create_dir(&in_the_way).unwrap();
    record_all(&ledger, (9..300).map(intent));
    let next = key.sign(settled(&ledger));
    assert_eq!(ledger.publish(next.clone()), Err(Error::NotSealed));
    assert_eq!(ledger.checkpoint().as_deref(), Some(&first));
    fs::remove_dir(in_the_way).unwrap();
    // What could not be moved is tried again with the next one.
    record_all(&ledger, (300..600).map(intent));
    ledger.publish(next).unwrap();
    publish(&ledger, &key);
    assert_eq!(report(copied(dir.path()).path()).damage, []);
}

#[test]
fn a_start_knows_its_last_checkpoint_and_the_log_grew_from_there() {
    let (key, dir) = (LogKey::new(), log_of(500));
    let (ledger, recovered) = Ledger::open(dir.path()).unwrap();
    assert_eq!(recovered.checkpoint, None);
    let signed = publish(&ledger, &key);
    record_all(&ledger, (500..700).map(intent));
    drop(ledger);
    let (ledger, recovered) = Ledger::open(dir.path()).unwrap();
    assert_eq!(recovered.checkpoint.as_ref(), Some(&signed));
    assert_eq!(ledger.checkpoint().as_deref(), Some(&signed));
    // In memory: no tile is read for it.
    fs::rename(dir.path().join("tile"), dir.path().join("away")).unwrap();
    let growth = ledger.growth_since(500).unwrap();
    fs::rename(dir.path().join("away"), dir.path().join("tile")).unwrap();
    assert_eq!((growth.from, growth.to.size), (signed.head(), 700));
    assert_eq!(growth.to.verify_consistency(&signed.head(), &growth.proof), Ok(()));
}

#[test]
fn a_start_refuses_a_log_that_is_not_the_one_of_its_checkpoint_and_names_both() {
    let (key, dir) = (LogKey::new(), log_of(300));
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    let before = folder();
    copy(dir.path(), before.path());
    let log = settled(&ledger);
    record_all(&ledger, (300..320).map(intent));
    let signed = publish(&ledger, &key);
    drop(ledger);
    // Rolled back: all files of before, and the checkpoint of now.
    fs::copy(dir.path().join("checkpoint"), before.path().join("checkpoint")).unwrap();
    let error = Ledger::open(before.path()).map(drop).unwrap_err();
    assert_eq!(error, Error::Diverged { checkpoint: signed.head(), log });
    let said = error.to_string();
    for part in ["320", "300", &signed.head().root.base64(), &log.root.base64()] {
        assert!(said.contains(part), "{said}");
    }
    assert!(report(before.path()).damage[0].what.contains("320"), "the auditor says so, too");
    // Another log of as many entries.
    let other = log_of(320);
    fs::copy(dir.path().join("checkpoint"), other.path().join("checkpoint")).unwrap();
    match Ledger::open(other.path()).map(drop).unwrap_err() {
        Error::Diverged { checkpoint, log } => assert_eq!((checkpoint, log.size), (signed.head(), 320)),
        other => panic!("{other}"),
    }
    assert!(report(other.path()).damage[0].what.contains("the log's first 320 have the root"));
    fs::write(dir.path().join("checkpoint"), "vendor.example/kunci\n320\n").unwrap();
    assert!(matches!(Ledger::open(dir.path()), Err(Error::Checkpoint(_))));
    assert!(report(dir.path()).damage[0].what.contains("the file checkpoint is damaged"));
}

#[test]
fn a_publication_that_was_cut_short_is_made_good_by_the_next() {
    let (key, dir) = (LogKey::new(), log_of(300));
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    let first = publish(&ledger, &key);
    record_all(&ledger, (300..330).map(intent));
    publish(&ledger, &key);
    drop(ledger);
    // A kill before the checkpoint was replaced, and amid a file.
    fs::write(dir.path().join("checkpoint"), first.to_string()).unwrap();
    fs::write(dir.path().join("checkpoint.tmp"), "vendor").unwrap();
    fs::remove_file(dir.path().join("tile/entries/001.p/74")).unwrap();
    fs::write(dir.path().join("tile/entries/001.p/74.tmp"), "half").unwrap();
    let (ledger, recovered) = Ledger::open(dir.path()).unwrap();
    assert_eq!(recovered.checkpoint, Some(first));
    record_all(&ledger, (330..600).map(intent));
    publish(&ledger, &key);
    assert_eq!(report(dir.path()).damage, []);
    let copy = copied(dir.path());
    let files = files(copy.path());
    assert!(wanted(600).iter().all(|name| files.contains_key(name)), "{:?}", files.keys());
    assert!(!files.keys().any(|name| name.ends_with(".tmp")), "{:?}", files.keys());
    assert_eq!(report(copy.path()).damage, []);
}

/// What an earlier publication wrote and could not finish has its name on the disk before the checkpoint.
#[test]
fn a_publication_that_is_tried_again_makes_the_names_durable_that_are_there() {
    let (key, dir) = (LogKey::new(), log_of(9));
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    publish(&ledger, &key);
    drop(ledger);
    fs::remove_file(dir.path().join("checkpoint")).unwrap();
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    let signed = key.sign(settled(&ledger));
    for folder in ["tile/0/000.p", "tile/entries/000.p"].map(|name| dir.path().join(name)) {
        // Its files can be reached, and it cannot be opened to be synced.
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o300)).unwrap();
        let again = || {
            give_up_roots_rights();
            ledger.publish(signed.clone())
        };
        let refused = std::thread::scope(|scope| scope.spawn(again).join().unwrap());
        assert!(refused.is_err(), "{}", folder.display());
        assert!(!dir.path().join("checkpoint").exists());
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    }
    ledger.publish(signed).unwrap();
}

/// Of this thread alone: a folder's mode counts for root, too.
fn give_up_roots_rights() {
    use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};
    let over = CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
    let now = capabilities(None).unwrap();
    set_capabilities(None, CapabilitySets { effective: now.effective - over, ..now }).unwrap();
}

#[test]
fn a_damaged_partial_tile_does_not_get_into_the_next_one() {
    let (key, dir) = (LogKey::new(), log_of(600));
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    publish(&ledger, &key);
    let path = dir.path().join("tile/1/000.p/2");
    let mut bytes = fs::read(&path).unwrap();
    bytes[5] ^= 1;
    fs::write(&path, bytes).unwrap();
    record_all(&ledger, (600..900).map(intent));
    publish(&ledger, &key);
    let named: Vec<_> = report(dir.path()).damage.into_iter().map(|damage| damage.what).collect();
    assert_eq!(named, ["tile/1/000.p/2 does not have the hashes of what it is of"]);
}

#[test]
fn a_copy_made_beside_the_writer_is_a_log_that_verifies() {
    let (key, dir) = (LogKey::new(), folder());
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    record_all(&ledger, (0..10).map(intent));
    publish(&ledger, &key);
    let copies = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            // It goes on until several were made beside it, however slow they are.
            for round in (0..).take_while(|round| *round < 60 || copies.load(Ordering::Acquire) < 4) {
                record_all(&ledger, (0..97 + round % 60).map(intent));
                publish(&ledger, &key);
            }
        });
        while !writer.is_finished() {
            let copy = copied(dir.path());
            let signed = SignedCheckpoint::parse(&fs::read(copy.path().join("checkpoint")).unwrap()).unwrap();
            let report = report(copy.path());
            assert_eq!(report.damage, [], "{}", report.size);
            assert_eq!((report.size, report.root), (signed.head().size, Some(signed.head().root)));
            copies.fetch_add(1, Ordering::Release);
        }
    });
    assert_eq!(report(dir.path()).damage, []);
}
