//! What several tests need: a log to work on, and a record that waits.
#![allow(dead_code)]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc,
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use ledger::{
    Checkpoint, DurableEntry, Entry, Error, Kind, Ledger, Note, Signature, SignatureType, SignedCheckpoint,
    TreeHead, Vkey, cosignature_message,
};
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

pub(crate) const ORIGIN: &str = "vendor.example/kunci";

/// A log's key, outside of any token.
pub(crate) struct LogKey {
    pair: Ed25519KeyPair,
    pub(crate) vkey: Vkey,
}

impl LogKey {
    pub(crate) fn new() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let vkey = Vkey::new(ORIGIN, SignatureType::Ed25519, pair.public_key().as_ref()).unwrap();
        Self { pair, vkey }
    }

    pub(crate) fn sign(&self, head: TreeHead) -> SignedCheckpoint {
        self.sign_as(ORIGIN, head)
    }

    /// For an origin that is not the key's name.
    pub(crate) fn sign_as(&self, origin: &str, head: TreeHead) -> SignedCheckpoint {
        let mut note = Note::new(Checkpoint::new(origin, head).unwrap().to_string()).unwrap();
        let signature = self.pair.sign(note.text().as_bytes());
        note.add(Signature::new(&self.vkey, signature.as_ref())).unwrap();
        note.try_into().unwrap()
    }
}

/// A witness's key.
pub(crate) struct WitnessKey {
    pair: Ed25519KeyPair,
    pub(crate) vkey: Vkey,
}

impl WitnessKey {
    pub(crate) fn new(name: &str) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let vkey = Vkey::new(name, SignatureType::CosignatureEd25519, pair.public_key().as_ref()).unwrap();
        Self { pair, vkey }
    }

    pub(crate) fn cosign(&self, signed: &SignedCheckpoint, time: u64) -> SignedCheckpoint {
        let mut note = signed.note().clone();
        let signature = self.pair.sign(cosignature_message(time, note.text()).as_bytes());
        note.add(Signature::cosignature(&self.vkey, time, signature.as_ref())).unwrap();
        note.try_into().unwrap()
    }
}

/// Whoever waits for an entry is told before its hash is made.
pub(crate) fn settled(ledger: &Ledger) -> TreeHead {
    while ledger.head().size < ledger.size() {
        std::thread::yield_now();
    }
    ledger.head()
}

/// Publishes a checkpoint of all that is durable.
pub(crate) fn publish(ledger: &Ledger, key: &LogKey) -> SignedCheckpoint {
    let signed = key.sign(settled(ledger));
    ledger.publish(signed.clone()).unwrap();
    signed
}

/// What of a log a web server has: the checkpoint first, then the tiles.
pub(crate) fn copy_published(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::copy(from.join("checkpoint"), to.join("checkpoint")).unwrap();
    copy_while_it_changes(&from.join("tile"), &to.join("tile"));
}

/// As `cp -r` beside a writer: what has gone meanwhile is not there.
fn copy_while_it_changes(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let Ok(entries) = fs::read_dir(from) else { return };
    for entry in entries.flatten() {
        let target = to.join(entry.file_name());
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => copy_while_it_changes(&entry.path(), &target),
            _ => drop(fs::copy(entry.path(), target)),
        }
    }
}
