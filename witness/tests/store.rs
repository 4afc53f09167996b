//! A disk that does not confirm one write: nobody else's is kept or signed after that.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Barrier,
    thread,
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use ledger::{AddCheckpoint, Checkpoint, Note, Root, Signature, SignatureType, TreeHead, Vkey};
use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, set_capabilities};
use witness::{Key, Logs, Store, StoreError, Witness};

/// As many as ask at once, each of a log of its own.
const LOGS: usize = 8;

struct LogKey {
    pair: Ed25519KeyPair,
    vkey: Vkey,
}

impl LogKey {
    fn new(number: usize) -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let name = format!("log{number}.example/kunci");
        let vkey = Vkey::new(&name, SignatureType::Ed25519, pair.public_key().as_ref()).unwrap();
        Self { pair, vkey }
    }

    fn checkpoint(&self, root: u8) -> Note {
        let head = TreeHead { size: 5, root: Root([root; 32]) };
        let text = Checkpoint::new(self.vkey.name(), head).unwrap().to_string();
        let signature = Signature::new(&self.vkey, self.pair.sign(text.as_bytes()).as_ref());
        let mut note = Note::new(text).unwrap();
        note.add(signature).unwrap();
        note
    }

    fn ask(&self, witness: &Witness, store: &Store) -> Result<(), StoreError> {
        let request = AddCheckpoint::new(0, Vec::new(), self.checkpoint(1)).unwrap();
        let submission = witness.examine(request.to_string().as_bytes()).unwrap();
        let kept = store.advance(submission.origin(), |kept| witness.judge(&submission, kept, 1));
        kept.map(|signed| drop(signed.unwrap()))
    }
}

/// Of this thread alone: a folder's mode counts for root, too.
fn give_up_roots_rights() {
    let over = CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH;
    let now = capabilities(None).unwrap();
    let less = CapabilitySets { effective: now.effective - over, ..now };
    set_capabilities(None, less).unwrap();
}

fn mode(folder: &Path, mode: u32) {
    fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn after_a_write_that_was_not_confirmed_nobodys_is() {
    let folder = tempfile::tempdir().unwrap();
    let keys: Vec<_> = (0..LOGS).map(LogKey::new).collect();
    let logs: String = keys.iter().map(|key| format!("{}\n", key.vkey)).collect();
    let logs = Logs::parse(&logs).unwrap();
    let store = Store::open(folder.path(), &logs).unwrap();
    let witness = Witness::new(Key::generate("w.example/1").unwrap(), logs);
    // Files can be made and named there, and the folder cannot be opened to be synced.
    mode(folder.path(), 0o300);
    let together = Barrier::new(LOGS);
    let asked: Vec<_> = thread::scope(|scope| {
        let ask = |key| {
            let (witness, store, together) = (&witness, &store, &together);
            scope.spawn(move || {
                give_up_roots_rights();
                together.wait();
                LogKey::ask(key, witness, store)
            })
        };
        let threads: Vec<_> = keys.iter().map(ask).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    mode(folder.path(), 0o700);
    let unconfirmed = |done: &&Result<(), StoreError>| matches!(done, Err(StoreError::Unconfirmed { .. }));
    assert_eq!(asked.iter().filter(unconfirmed).count(), 1, "the system is not asked again: {asked:?}");
    assert!(asked.iter().all(Result::is_err), "{asked:?}");
    // The disk would confirm now, and what it lost it would not say.
    let before = files(folder.path());
    for key in &keys {
        assert!(matches!(key.ask(&witness, &store), Err(StoreError::Lost)));
        let fork = store.keep_fork(key.vkey.name(), &key.checkpoint(1), &key.checkpoint(2));
        assert!(matches!(fork, Err(StoreError::Lost)));
    }
    assert_eq!(files(folder.path()), before, "nothing more is written");
    assert!(keys.iter().all(|key| store.newest(&name(key)).is_none()), "and nothing is shown");
    drop(store);
    Store::open(folder.path(), witness.logs()).unwrap();
}

fn name(key: &LogKey) -> String {
    use sha2::{Digest, Sha256};
    ledger::hex(&Sha256::digest(key.vkey.name()))
}
