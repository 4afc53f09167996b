//! Voids that somebody wrote into a log afterwards, with the leaf hash beside them: they take no signature off the list.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::fs;
use std::path::Path;

use audit::{Index, Log, Query, intents};
use common::{STRETCH, assertion, bundle, tile, void, write};
use ledger::leaf_hash;
use tempfile::TempDir;

/// The tenant of every thousandth entry.
const RARE: &str = "rare.example";

/// A log of one stretch and a tail, with a true void of entry 3000.
fn entry(index: u64) -> String {
    match index {
        3001 => void(3001, 3000),
        index if index % 1000 == 0 => assertion(index, RARE),
        index => assertion(index, "other.example"),
    }
}

struct Site {
    log: TempDir,
    cache: TempDir,
}

impl Site {
    fn new() -> Self {
        let site = Self { log: tempfile::tempdir().unwrap(), cache: tempfile::tempdir().unwrap() };
        write(site.log.path(), STRETCH + 10, entry);
        site.index().prepare(&Log::open(site.log.path()).unwrap(), |_, _| {}).unwrap();
        assert_eq!(fs::read_dir(site.cache.path()).unwrap().count(), 1);
        site
    }

    fn index(&self) -> Index {
        Index::open(self.cache.path()).unwrap()
    }

    /// The rare tenant's signatures that count, and what is damaged: with the index that was made before, and without.
    fn answers(&self) -> [(Vec<u64>, Vec<String>); 2] {
        [Some(self.index()), None].map(|index| {
            let log = Log::open(self.log.path()).unwrap();
            let (query, mut counted) = (Query { tenant: Some(RARE.into()), ..Query::default() }, Vec::new());
            let asked = intents(&log, index.as_ref(), &query, |hit, is_voided| {
                counted.extend((!is_voided).then_some(hit.index));
                Ok::<_, ()>(())
            });
            (counted, asked.unwrap().damage.into_iter().map(|one| one.what).collect())
        })
    }
}

/// Puts another entry in the place of one, and its hash into the tile of leaf hashes.
fn rewrite(dir: &Path, index: u64, entry: &str) {
    let (n, slot) = (index / 256, (index % 256) as usize);
    let old = fs::read(bundle(dir, n)).unwrap();
    let (mut new, mut rest) = (Vec::new(), &old[..]);
    for at in 0..256 {
        let (length, behind) = rest.split_first_chunk().unwrap();
        let (body, behind) = behind.split_at(u16::from_be_bytes(*length).into());
        let body = if at == slot { entry.as_bytes() } else { body };
        new.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
        new.extend(body);
        rest = behind;
    }
    fs::write(bundle(dir, n), new).unwrap();
    let mut leaves = fs::read(tile(dir, 0, n)).unwrap();
    leaves[slot * 32..][..32].copy_from_slice(&leaf_hash(entry.as_bytes()));
    fs::write(tile(dir, 0, n), leaves).unwrap();
}

#[test]
fn an_entry_that_was_rewritten_into_a_void_takes_no_signature_off() {
    let site = Site::new();
    for (counted, damage) in site.answers() {
        assert!(counted.contains(&7000) && !counted.contains(&3000), "{counted:?}");
        assert!(damage.is_empty(), "{damage:?}");
    }
    rewrite(site.log.path(), 7001, &void(7001, 7000));
    for (counted, damage) in site.answers() {
        assert!(counted.contains(&7000) && !counted.contains(&3000), "{counted:?}");
        assert_eq!(damage, ["the tiles above bundle 27 do not agree with it"]);
    }
    // Nor where nothing is left to hold it against: the tile above is lost, and one of those that it is made again of.
    for path in [tile(site.log.path(), 1, 0), tile(site.log.path(), 0, 100), bundle(site.log.path(), 100)] {
        fs::remove_file(path).unwrap();
    }
    for (counted, _) in site.answers() {
        assert!(counted.contains(&7000), "{counted:?}");
    }
}

#[test]
fn a_void_that_was_rewritten_voids_nothing() {
    let site = Site::new();
    let other = void(3001, 3000).replace(r#""connector":"de""#, r#""connector":"uk""#);
    rewrite(site.log.path(), 3001, &other);
    for (counted, damage) in site.answers() {
        assert!(counted.contains(&3000), "{counted:?}");
        assert_eq!(damage, ["the tiles above bundle 11 do not agree with it"]);
    }
}
