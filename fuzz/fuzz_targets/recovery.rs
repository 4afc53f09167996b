//! The ledger's recovery over an open bundle and its hashes of any content: it opens or refuses, never both, and what it opens
//! verifies and takes an entry.
#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::{LazyLock, mpsc};

use ledger::{Entry, Kind, Ledger, Reader};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

/// One log for all runs: its reserve of 64 MiB is made once.
static LOG: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder for the log");
    drop(Ledger::open(folder.path()).expect("an empty log opens"));
    folder
});

fuzz_target!(|bytes: &[u8]| {
    let Some((hashes, rest)) = bytes.split_first() else { return };
    // The first byte says how many of the others are leaf hashes; the rest is the bundle.
    let (hashes, entries) = rest.split_at_checked(32 * usize::from(hashes % 8)).unwrap_or((&[], rest));
    put("open/000.entries", entries);
    put("open/000.hashes", hashes);
    let Ok((ledger, recovered)) = Ledger::open(LOG.path()) else { return };
    assert_eq!(record(&ledger), Some(recovered.size), "the next entry follows those that were recovered");
    drop(ledger);
    let reader = Reader::open(LOG.path()).expect("what was opened can be read");
    let report = ledger::verify(&reader, |_, _| {}).expect("it can be verified");
    assert!(report.damage.is_empty(), "{:?}", report.damage);
    assert_eq!(report.size, recovered.size + 1);
});

fn record(ledger: &Ledger) -> Option<u64> {
    let (told, hear) = mpsc::channel();
    ledger.record(Entry::new(Kind::Intent), move |result| {
        // The other end waits.
        let _ = told.send(result.ok().map(|durable| durable.index()));
    });
    hear.recv().ok().flatten()
}

fn put(name: &str, bytes: &[u8]) {
    let path: PathBuf = LOG.path().join(name);
    fs::write(path, bytes).expect("the log's folder is ours");
}
