//! Every byte of a small log, damaged in turn: it is named, and nothing is quietly cut.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use std::{fs, path::Path};

use common::*;
use ledger::{Error, Ledger, Reader, verify};

const SIZE: u64 = 6;

/// The index of the frame that a byte lies in.
fn index_at(bounds: &[usize], at: usize) -> u64 {
    bounds.iter().rposition(|bound| *bound <= at).unwrap() as u64
}

fn named(dir: &Path) -> Vec<u64> {
    let report = verify(&Reader::open(dir).unwrap(), |_, _| {}).unwrap();
    report.damage.iter().filter_map(|damage| damage.index).collect()
}

#[test]
fn a_flipped_bit_anywhere_refuses_the_start_and_its_index_is_named() {
    let dir = log_of(SIZE);
    let file = open_entries(dir.path(), 0);
    let good = fs::read(&file).unwrap();
    let bounds = bounds(&good);
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        fs::write(&file, &bad).unwrap();
        let index = index_at(&bounds, at);
        match Ledger::open(dir.path()).map(drop).unwrap_err() {
            Error::Corrupt { file, offset, index: found, .. } => {
                assert_eq!((found, offset), (index, bounds[index as usize] as u64), "byte {at}");
                assert_eq!(file, "open/000.entries");
            }
            other => panic!("byte {at}: {other}"),
        }
        assert_eq!(named(dir.path()).first(), Some(&index), "byte {at}");
        assert_eq!(fs::read(&file).unwrap(), bad, "byte {at}: the damage was touched");
    }
    fs::write(&file, &good).unwrap();
    assert_eq!(named(dir.path()), [0u64; 0]);
}

#[test]
fn a_bad_frame_before_good_ones_refuses_the_start_with_no_hash_to_tell() {
    let dir = log_of(SIZE);
    let file = open_entries(dir.path(), 0);
    let good = fs::read(&file).unwrap();
    for (index, bound) in bounds(&good).windows(2).enumerate() {
        // A length's two bytes, the opening brace and the closing one.
        for at in [bound[0], bound[0] + 1, bound[0] + 2, bound[1] - 1] {
            let mut bad = good.clone();
            bad[at] ^= 0x20;
            fs::write(&file, &bad).unwrap();
            fs::write(open_hashes(dir.path(), 0), b"").unwrap();
            match Ledger::open(dir.path()).map(drop).unwrap_err() {
                Error::Corrupt { offset, index: found, .. } => {
                    assert_eq!((found, offset), (index as u64, bound[0] as u64), "byte {at}");
                }
                other => panic!("byte {at}: {other}"),
            }
        }
    }
}

#[test]
fn an_entry_cut_off_after_it_was_durable_is_damage_and_not_a_torn_tail() {
    let dir = log_of(SIZE);
    let file = open_entries(dir.path(), 0);
    let good = fs::read(&file).unwrap();
    let bounds = bounds(&good);
    for end in 0..good.len() {
        fs::write(&file, &good[..end]).unwrap();
        let index = index_at(&bounds, end);
        match Ledger::open(dir.path()).map(drop).unwrap_err() {
            Error::Corrupt { index: found, .. } => assert_eq!(found, index, "cut at {end}"),
            other => panic!("cut at {end}: {other}"),
        }
        assert_eq!(named(dir.path()), [index], "cut at {end}");
    }
}

#[test]
fn only_the_incomplete_last_frame_is_cut() {
    let dir = log_of(SIZE);
    let (file, hashes) = (open_entries(dir.path(), 0), open_hashes(dir.path(), 0));
    let (good, good_hashes) = (fs::read(&file).unwrap(), fs::read(&hashes).unwrap());
    let bounds = bounds(&good);
    for end in 0..=good.len() {
        let whole = bounds.iter().filter(|bound| **bound <= end).count() - 1;
        fs::write(&file, &good[..end]).unwrap();
        // The hashes lag by one batch, as a kill leaves them.
        fs::write(&hashes, &good_hashes[..whole.saturating_sub(1) * 32 + 5 * usize::from(whole > 0)])
            .unwrap();
        let (ledger, recovered) = Ledger::open(dir.path()).unwrap();
        assert_eq!(recovered.size, whole as u64, "cut at {end}");
        assert_eq!(recovered.cut_bytes, (end - bounds[whole]) as u64, "cut at {end}");
        assert_eq!(recorded(&ledger, intent(9)), whole as u64);
        drop(ledger);
        assert_eq!(fs::read(&file).unwrap()[..bounds[whole]], good[..bounds[whole]]);
        assert_eq!(named(dir.path()), [0u64; 0], "cut at {end}");
    }
}

#[test]
fn a_flipped_bit_in_a_sealed_file_is_named() {
    let dir = log_of(256 * 2 + 3);
    for (file, step) in [("tile/entries/001", 97), ("tile/0/001", 31)] {
        let path = dir.path().join(file);
        let good = fs::read(&path).unwrap();
        let bounds = if file == "tile/0/001" { (0..=256).map(|i| i * 32).collect() } else { bounds(&good) };
        for at in (0..good.len()).step_by(step) {
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            fs::write(&path, &bad).unwrap();
            let index = 256 + index_at(&bounds, at);
            assert_eq!(named(dir.path()).first(), Some(&index), "{file} byte {at}");
        }
        fs::write(&path, &good).unwrap();
    }
    assert_eq!(named(dir.path()), [0u64; 0]);
}

#[test]
fn a_flipped_bit_in_a_higher_tile_is_named() {
    let dir = log_of(256 * 256);
    let path = dir.path().join("tile/1/000");
    let good = fs::read(&path).unwrap();
    for at in [0, 31, 32, 4000, 8191] {
        let mut bad = good.clone();
        bad[at] ^= 0x80;
        fs::write(&path, &bad).unwrap();
        assert_eq!(named(dir.path()), [(at / 32 * 256) as u64], "byte {at}");
    }
}

#[test]
fn a_missing_bundle_refuses_the_start_and_is_named() {
    let dir = log_of(256 * 3 + 3);
    for n in 0..3 {
        let path = dir.path().join(format!("tile/entries/{n:03}"));
        let kept = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        match Ledger::open(dir.path()).map(drop).unwrap_err() {
            Error::Corrupt { index, .. } => assert_eq!(index, n * 256),
            other => panic!("{other}"),
        }
        assert!(named(dir.path()).contains(&(n * 256)), "bundle {n}");
        fs::write(&path, kept).unwrap();
    }
    fs::remove_file(open_entries(dir.path(), 3)).unwrap();
    assert!(matches!(Ledger::open(dir.path()), Err(Error::Corrupt { index: 768, .. })));
    assert_eq!(named(dir.path()), [768]);
}

#[test]
fn the_last_sealed_bundle_cannot_vanish_while_no_later_entry_tells_of_it() {
    let dir = log_of(256 * 2);
    fs::remove_file(dir.path().join("tile/entries/001")).unwrap();
    assert!(matches!(Ledger::open(dir.path()), Err(Error::Corrupt { index: 256, .. })));
    assert_eq!(named(dir.path()), [256]);
}

#[test]
fn damage_above_the_marks_is_found_at_the_start_even_when_sealed() {
    let dir = log_of(256 * 2);
    fs::remove_file(dir.path().join("marks")).unwrap();
    let path = dir.path().join("tile/entries/000");
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(3).position(|w| w == b"j77").unwrap();
    bytes[at + 1] = b'8';
    fs::write(&path, bytes).unwrap();
    assert!(matches!(Ledger::open(dir.path()), Err(Error::Corrupt { index: 77, .. })));
}

#[test]
fn missing_hashes_and_tiles_are_put_back() {
    let dir = log_of(256 * 2 + 5);
    for gone in ["marks", "tile/0/001", "open/002.hashes"] {
        fs::remove_file(dir.path().join(gone)).unwrap();
    }
    drop(Ledger::open(dir.path()).unwrap());
    assert_eq!(fs::read(dir.path().join("tile/0/001")).unwrap().len(), 8192);
    assert_eq!(fs::read(open_hashes(dir.path(), 2)).unwrap().len(), 5 * 32);
    assert_eq!(named(dir.path()), [0u64; 0]);
}

#[test]
fn a_hash_behind_lost_ones_still_tells_of_the_entry_that_is_gone() {
    let dir = log_of(SIZE);
    let (entries, hashes) = (open_entries(dir.path(), 0), dir.path().join("open/000.hashes"));
    // A power cut lost the hashes before the last one: nothing is wrong with that.
    let mut kept = fs::read(&hashes).unwrap();
    let last = kept.len() - 32;
    kept[..last].fill(0);
    fs::write(&hashes, &kept).unwrap();
    drop(Ledger::open(dir.path()).unwrap());
    // But the last entry had its hash, and so was durable.
    fs::write(&hashes, &kept).unwrap();
    let bytes = fs::read(&entries).unwrap();
    let bounds = bounds(&bytes);
    fs::write(&entries, &bytes[..bounds[SIZE as usize - 1]]).unwrap();
    let error = Ledger::open(dir.path()).map(drop).unwrap_err();
    assert!(matches!(error, Error::Corrupt { index, .. } if index == SIZE - 1), "{error}");
}
