//! What is served from a log: full and partial tiles and bundles, alone and beside the writer.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

use common::*;
use ledger::{Error, Ledger, Reader, Tree, leaf_hash, verify};

#[test]
fn every_width_of_a_bundle_and_tile_is_a_beginning_of_the_next() {
    let dir = log_of(256 + 20);
    let reader = Reader::open(dir.path()).unwrap();
    for (n, last) in [(0, 256), (1, 20)] {
        let (bundle, tile) = (reader.bundle(n, last).unwrap(), reader.tile(0, n, last).unwrap());
        for width in 1..=last {
            let bounds = bounds(&bundle);
            assert_eq!(reader.bundle(n, width).unwrap(), bundle[..bounds[usize::from(width)]]);
            assert_eq!(reader.tile(0, n, width).unwrap(), tile[..usize::from(width) * 32]);
        }
    }
    assert_eq!(reader.bundle(1, 21), Err(Error::NotFound));
    assert_eq!(reader.tile(0, 1, 21), Err(Error::NotFound));
    assert_eq!(reader.bundle(0, 0), Err(Error::NotFound));
    assert_eq!(reader.bundle(0, 257), Err(Error::NotFound));
    assert_eq!(reader.get("entries/000.p/7".parse().unwrap()), reader.bundle(0, 7));
}

#[test]
fn the_state_of_today_is_read_from_the_entries_that_the_index_names_and_from_what_is_above_it() {
    let dir = folder();
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    let mut state = vec![recorded(&ledger, lifecycle("generating"))];
    record_all(&ledger, (0..256 * 40).map(intent));
    state.push(recorded(&ledger, lifecycle("frozen")));
    let indices = || -> Result<Vec<u64>, Error> {
        let found = Reader::open(dir.path())?.lifecycle()?;
        Ok(found.into_iter().map(|(index, _)| index).collect())
    };
    assert_eq!(indices(), Ok(state.clone()), "beside the writer");
    drop(ledger);
    assert_eq!(indices(), Ok(state.clone()));
    // A bundle that holds requests alone is not looked at; without the index all are.
    let (marks, bundle) = (dir.path().join("marks"), dir.path().join("tile/entries/003"));
    let whole = fs::read(&bundle).unwrap();
    fs::write(&bundle, vec![0xff; whole.len()]).unwrap();
    assert_eq!(indices(), Ok(state.clone()));
    fs::remove_file(marks).unwrap();
    assert!(matches!(indices(), Err(Error::Corrupt { .. })), "all is read");
    fs::write(&bundle, whole).unwrap();
    assert_eq!(indices(), Ok(state));
}

#[test]
fn a_bundle_that_is_missing_or_short_is_an_error_in_its_place_and_what_follows_is_read() {
    let dir = log_of(256 * 3 + 20);
    let reader = Reader::open(dir.path()).unwrap();
    let bundle = dir.path().join("tile/entries/001");
    let whole = fs::read(&bundle).unwrap();
    let hole = |from: u64| {
        let items: Vec<_> = reader.raw(0).collect();
        let at = items.iter().position(Result::is_err).unwrap();
        assert!(matches!(&items[at], Err(Error::Corrupt { index, .. }) if *index == from), "{:?}", items[at]);
        let indices: Vec<_> = items.into_iter().filter_map(|item| Some(item.ok()?.0)).collect();
        assert_eq!(indices, (0..from).chain(512..256 * 3 + 20).collect::<Vec<_>>());
        assert!(matches!(reader.entry(from), Err(Error::Corrupt { index, .. }) if index == from));
        assert!(reader.entry(from - 1).is_ok() && reader.entry(512).is_ok());
    };
    fs::write(&bundle, &whole[..bounds(&whole)[100]]).unwrap();
    hole(256 + 100);
    fs::remove_file(&bundle).unwrap();
    hole(256);
    assert_eq!(reader.entry(256 * 3 + 20), Err(Error::NotFound));
}

#[test]
fn a_partial_tile_above_the_leaves_holds_the_roots_of_full_tiles_only() {
    let dir = log_of(256 * 3 + 20);
    let reader = Reader::open(dir.path()).unwrap();
    let roots: Vec<_> = (0..3u64)
        .map(|n| {
            let leaves = reader.raw(n * 256).take(256).map(|item| leaf_hash(&item.unwrap().1));
            leaves.collect::<Tree>().root()
        })
        .collect();
    assert_eq!(reader.tile(1, 0, 3).unwrap(), roots.as_flattened());
    assert_eq!(reader.tile(1, 0, 4), Err(Error::NotFound));
    assert_eq!(reader.tile(2, 0, 1), Err(Error::NotFound));
    assert_eq!(reader.tile(5, u64::MAX >> 8, 256), Err(Error::NotFound));
}

#[test]
fn an_auditor_beside_a_live_writer_sees_no_damage() {
    let dir = folder();
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let reader = Reader::open(dir.path()).unwrap();
            let mut last = 0;
            while !done.load(Ordering::Relaxed) {
                let durable = ledger.size();
                let report = verify(&reader, |_, _| {}).unwrap();
                assert_eq!(report.damage, []);
                assert!(report.size >= durable && report.size >= last && report.root.is_some());
                last = report.size;
            }
        });
        record_all(&ledger, (0..12_000).map(intent));
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_folder_without_a_log_is_not_an_empty_log() {
    assert!(Reader::open(folder().path()).is_err());
    assert!(Reader::open("/nowhere".as_ref()).is_err());
}

/// The auditor's own program, as the page prints it, must agree with ours.
#[test]
fn the_program_in_the_log_format_page_finds_the_same_root() {
    let page = include_str!("../../docs/log-format.md");
    let program = page.split("```python").nth(1).unwrap().split("```").next().unwrap();
    let published = |size| {
        let (dir, copy) = (log_of(size), folder());
        let (ledger, _) = Ledger::open(dir.path()).unwrap();
        publish(&ledger, &LogKey::new());
        // What came later is in the copy, and none of the checkpoint's.
        record_all(&ledger, (0..300).map(intent));
        publish(&ledger, &LogKey::new());
        copy_published(dir.path(), copy.path());
        fs::write(
            copy.path().join("checkpoint"),
            LogKey::new().sign(ledger.reader().unwrap().head_at(size).unwrap()).to_string(),
        )
        .unwrap();
        copy
    };
    let logs = [0, 1, 256, 256 * 2 + 77].map(|size| (size, log_of(size)));
    for (size, dir) in logs.into_iter().chain([1, 255, 256, 600].map(|size| (size, published(size)))) {
        let run =
            std::process::Command::new("python3").args(["-c", program]).arg(dir.path()).output().unwrap();
        let root = verify(&Reader::open(dir.path()).unwrap(), |_, _| {}).unwrap().root.unwrap();
        let said = String::from_utf8(run.stdout).unwrap();
        assert_eq!(
            said.trim(),
            format!("{size} {}", root.base64()),
            "{}",
            String::from_utf8_lossy(&run.stderr)
        );
    }
}
