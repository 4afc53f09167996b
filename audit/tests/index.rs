//! The index: it finds what reading everything finds, and nothing rests on it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use audit::{Found, Index, Line, Log, Query, Reached, Scan, intents};
use common::{STRETCH, assertion, bundle, tile, time, void, write};
use ledger::Reader;
use tempfile::TempDir;

/// One stretch and a tail.
const ENTRIES: u64 = STRETCH + 700;
/// The tenant of every thousandth entry.
const RARE: &str = "rare.example";

/// A log with an index.
struct Site {
    dir: TempDir,
    cache: TempDir,
}

fn entry(index: u64) -> String {
    match index {
        3001 => void(3001, 3000),
        // Names a later one, which is no void of it.
        3999 => void(3999, 4000),
        66_001 => void(66_001, 5000),
        66_002 => void(66_002, 66_000),
        index if index % 1000 == 0 => assertion(index, RARE),
        index => assertion(index, &format!("t{}.example", index % 7)),
    }
}

impl Site {
    /// A copy of one that is made once: hashing is slow in a debug build.
    fn new() -> Self {
        static MADE: OnceLock<Site> = OnceLock::new();
        let made = MADE.get_or_init(|| {
            let site = Self::empty();
            write(site.dir.path(), ENTRIES, entry);
            site.index();
            site
        });
        let site = Self::empty();
        copy_all(made.dir.path(), site.dir.path());
        copy_all(made.cache.path(), site.cache.path());
        site
    }

    fn empty() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), cache: tempfile::tempdir().unwrap() }
    }

    fn log(&self) -> Log {
        Log::open(self.dir.path()).unwrap()
    }

    /// The index, with what the log lacks made.
    fn index(&self) -> Index {
        let index = Index::open(self.cache.path()).unwrap();
        index.prepare(&self.log(), |_, _| {}).unwrap();
        index
    }

    fn segments(&self) -> Vec<std::path::PathBuf> {
        fs::read_dir(self.cache.path()).unwrap().map(|file| file.unwrap().path()).collect()
    }

    fn found(&self, query: &Query) -> (Vec<u64>, Vec<String>, Reached) {
        found(&self.log(), Some(&self.index()), query)
    }

    /// Changes an entry's tenant where it lies, as long as it was.
    fn forge(&self, index: u64) {
        let path = bundle(self.dir.path(), index / 256);
        let mut bytes = fs::read(&path).unwrap();
        let jti = format!("\"jti-{index}\"");
        let at = bytes.windows(jti.len()).position(|at| at == jti.as_bytes()).unwrap();
        bytes[at + jti.len() - 2] ^= 1;
        fs::write(&path, bytes).unwrap();
    }
}

fn found(log: &Log, index: Option<&Index>, query: &Query) -> (Vec<u64>, Vec<String>, Reached) {
    let (mut indices, mut damage) = (Vec::new(), Vec::new());
    let reached = Scan::new(log, index, query).run(&mut |found| match found {
        Found::Entry(hit) => indices.push(hit.index),
        Found::Damage(one) => damage.push(format!("{}: {}", one.index.unwrap(), one.what)),
    });
    (indices, damage, reached)
}

fn tenant(tenant: &str) -> Query {
    Query { tenant: Some(tenant.into()), ..Query::default() }
}

/// The signatures that count.
fn signatures(log: &Log, index: Option<&Index>, query: &Query) -> Vec<u64> {
    let mut counted = Vec::new();
    let asked = intents(log, index, query, |hit, is_voided| {
        counted.extend((!is_voided).then_some(hit.index));
        Ok::<_, ()>(())
    });
    assert!(asked.unwrap().damage.is_empty());
    counted
}

#[test]
fn by_the_index_the_same_is_found_as_by_reading_everything() {
    let site = Site::new();
    assert_eq!(site.segments().len(), 1);
    let (log, index) = (site.log(), site.index());
    let between = |since, until| (Some(time(since)), Some(time(until)));
    let queries = [
        tenant(RARE),
        tenant("t3.example"),
        Query { jti: Some("jti-777".into()), ..Query::default() },
        Query { jti: Some("jti-66100".into()), ..Query::default() },
        Query { since: between(65_000, 0).0, until: between(0, 66_000).1, ..Query::default() },
        Query { connector: Some("uk".into()), ..tenant(RARE) },
    ];
    for query in queries {
        let (indices, damage, _) = found(&log, Some(&index), &query);
        let matches = |index: &u64| query.matches(&Line::parse(entry(*index).as_bytes()).unwrap());
        assert_eq!(indices, (0..ENTRIES).filter(matches).collect::<Vec<_>>(), "{query:?}");
        assert!(damage.is_empty());
    }
    assert_eq!(found(&log, None, &tenant(RARE)), found(&log, Some(&index), &tenant(RARE)));
    assert_eq!(signatures(&log, None, &tenant(RARE)), signatures(&log, Some(&index), &tenant(RARE)));
    let verified = ledger::verify(&Reader::open(site.dir.path()).unwrap(), |_, _| {}).unwrap();
    let whole = Reached { size: ENTRIES, root: verified.root };
    assert_eq!(found(&log, Some(&index), &tenant(RARE)).2, whole, "the answer says of which log it is");
}

#[test]
fn an_intent_counts_unless_a_later_void_names_it() {
    let site = Site::new();
    let rare = signatures(&site.log(), Some(&site.index()), &tenant(RARE));
    let expected: Vec<_> = (0..ENTRIES).step_by(1000).filter(|n| ![3000, 5000, 66_000].contains(n)).collect();
    assert!(rare.contains(&4000), "an earlier void takes nothing off");
    assert_eq!(rare, expected);
}

#[test]
fn an_index_that_was_lost_or_damaged_is_made_again() {
    let site = Site::new();
    let [path] = &site.segments()[..] else { panic!() };
    let whole = fs::read(path).unwrap();
    let rare = site.found(&tenant(RARE));
    fs::remove_file(path).unwrap();
    assert_eq!(site.found(&tenant(RARE)), rare);
    assert_eq!(fs::read(path).unwrap(), whole);
    fs::write(path, &whole[..whole.len() - 1]).unwrap();
    assert_eq!(site.found(&tenant(RARE)), rare);
    assert_eq!(fs::read(path).unwrap(), whole);
}

#[test]
fn a_changed_block_of_an_index_hides_no_entry() {
    let site = Site::new();
    let [path] = &site.segments()[..] else { panic!() };
    let mut bytes = fs::read(path).unwrap();
    // All terms: whichever block is looked at was changed.
    let terms = bytes.len() - 2 * usize::try_from(STRETCH).unwrap() * 16;
    bytes[terms + 100_000..].iter_mut().for_each(|byte| *byte ^= 0x10);
    fs::write(path, bytes).unwrap();
    assert_eq!(site.found(&tenant(RARE)).0.len(), 67);
    assert!(site.segments().is_empty(), "it is made again the next time");
}

#[test]
fn the_index_of_another_log_serves_none() {
    let site = Site::new();
    let other = Site::empty();
    // It would hide an entry.
    write(other.dir.path(), ENTRIES, |index| entry(if index == 8000 { 8001 } else { index }));
    other.index();
    let [path] = &site.segments()[..] else { panic!() };
    fs::copy(&other.segments()[0], path).unwrap();
    assert_eq!(site.found(&tenant(RARE)).0.len(), 67);
    // Both may share a folder.
    other.index().prepare(&site.log(), |_, _| {}).unwrap();
    assert_eq!(other.segments().len(), 2);
    assert_eq!(other.found(&tenant(RARE)).0.len(), 66);
}

#[test]
fn a_copy_of_the_log_uses_the_same_index() {
    let site = Site::new();
    let copy = tempfile::tempdir().unwrap();
    copy_all(site.dir.path(), copy.path());
    let before = site.segments();
    let log = Log::open(copy.path()).unwrap();
    let index = Index::open(site.cache.path()).unwrap();
    index.prepare(&log, |_, _| panic!("nothing is to be made")).unwrap();
    assert_eq!(found(&log, Some(&index), &tenant(RARE)).0.len(), 67);
    assert_eq!(site.segments(), before);
}

#[test]
fn what_an_index_names_is_hashed_again() {
    let site = Site::new();
    site.forge(7000);
    let (indices, damage, reached) = site.found(&tenant(RARE));
    assert_eq!(damage, ["7000: the entry does not have its stored leaf hash"]);
    assert!(!indices.contains(&7000) && indices.contains(&8000), "the rest is answered");
    assert_eq!((indices.len(), reached.root), (66, None));
}

#[test]
fn a_range_with_damage_gets_no_index_and_is_told_each_time() {
    let site = Site::new();
    site.segments().iter().for_each(|path| fs::remove_file(path).unwrap());
    site.forge(9001);
    for _ in 0..2 {
        let (indices, damage, _) = site.found(&tenant(RARE));
        assert_eq!(damage, ["9001: the entry does not have its stored leaf hash"]);
        assert_eq!(indices.len(), 67);
    }
    assert!(site.segments().is_empty());
    fs::remove_file(bundle(site.dir.path(), 35)).unwrap();
    let (indices, damage, _) = site.found(&tenant(RARE));
    assert_eq!(damage, ["8960: bundle 35 is missing"]);
    assert_eq!(indices.len(), 66, "9000 was in it");
}

#[test]
fn a_changed_hash_in_a_tile_hides_no_entry() {
    let site = Site::new();
    let flip = |path: &Path, at: usize| {
        let mut bytes = fs::read(path).unwrap();
        bytes[at] ^= 1;
        fs::write(path, bytes).unwrap();
    };
    let rare = site.found(&tenant(RARE));
    // Of entry 7000. What is above it still says that the entry is the one that was hashed.
    flip(&tile(site.dir.path(), 0, 27), 88 * 32);
    assert_eq!(site.found(&tenant(RARE)), rare);
    // Of the bundle that it is in: now nothing says so.
    flip(&tile(site.dir.path(), 1, 0), 27 * 32);
    let (indices, damage, reached) = site.found(&tenant(RARE));
    assert_eq!(indices.len(), 66);
    assert_eq!(damage, ["7000: the entry does not have its stored leaf hash"]);
    assert_eq!(reached.root, None);
    flip(&tile(site.dir.path(), 0, 27), 88 * 32);
    let (indices, damage, _) = site.found(&tenant(RARE));
    assert_eq!(damage, ["6912: the tiles above bundle 27 do not agree with it"]);
    assert_eq!(indices, rare.0);
}

#[test]
fn an_index_is_its_users_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b");
    Index::open(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o770)).unwrap();
    assert!(Index::open(&path).unwrap_err().to_string().contains("others can write to it"));
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap().map(|file| file.unwrap().path()) {
        let target = to.join(file.file_name().unwrap());
        if file.is_dir() {
            copy_all(&file, &target);
        } else {
            fs::copy(&file, &target).unwrap();
        }
    }
}
