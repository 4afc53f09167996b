//! What several tests need: a log to work on, and a record that waits.
#![allow(dead_code)]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc,
};

use ledger::{DurableEntry, Entry, Error, Kind, Ledger};
use tempfile::TempDir;

pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

pub(crate) fn record(ledger: &Ledger, entry: Entry) -> Result<DurableEntry, Error> {
    let (tell, told) = mpsc::channel();
    ledger.record(entry, move |result| tell.send(result).unwrap());
    told.recv().unwrap()
}

/// Records, and wants it recorded; gives the index.
pub(crate) fn recorded(ledger: &Ledger, entry: Entry) -> u64 {
    record(ledger, entry).unwrap().index()
}

/// Records all at once, so that they share fdatasyncs, and waits for the last.
pub(crate) fn record_all(ledger: &Ledger, entries: impl IntoIterator<Item = Entry>) {
    let (tell, told) = mpsc::channel::<Result<u64, Error>>();
    let wait = |waiting| assert!(told.iter().take(waiting).all(|index| index.is_ok()));
    let mut waiting = 0;
    for entry in entries {
        let tell = tell.clone();
        ledger.record(entry, move |result| tell.send(result.map(|durable| durable.index())).unwrap());
        waiting += 1;
        if waiting == 1000 {
            wait(waiting);
            waiting = 0;
        }
    }
    wait(waiting);
}

pub(crate) fn intent(number: u64) -> Entry {
    Entry::new(Kind::Intent).connector("de").tenant("contoso.example").jti(format!("j{number}"))
}

pub(crate) fn lifecycle(state: &str) -> Entry {
    Entry::new(Kind::Lifecycle).connector("de").state(state)
}

/// A closed log of this many intents.
pub(crate) fn log_of(size: u64) -> TempDir {
    let dir = folder();
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    record_all(&ledger, (0..size).map(intent));
    drop(ledger);
    dir
}

/// Copies a log without its reserve, whose 64 MiB no copy needs.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else if entry.file_name() != "reserve" {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Where each frame of a file starts, and where the last ends.
pub(crate) fn bounds(bytes: &[u8]) -> Vec<usize> {
    let mut bounds = vec![0];
    let mut at = 0;
    while at < bytes.len() {
        at += 2 + usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
        bounds.push(at);
    }
    bounds
}

pub(crate) fn open_entries(dir: &Path, n: u64) -> PathBuf {
    dir.join(format!("open/{n:03}.entries"))
}

pub(crate) fn open_hashes(dir: &Path, n: u64) -> PathBuf {
    dir.join(format!("open/{n:03}.hashes"))
}
