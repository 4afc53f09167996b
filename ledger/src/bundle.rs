//! The open bundle: the file that entries are appended to, and beside it the file of their leaf hashes.
//!
//! Only `entries` is ever synced. Leaf hashes are written after their entries are durable, so a hash without an entry
//! means that the entry was lost, and a missing hash means nothing.

use std::os::fd::OwnedFd;

use rustix::{
    fs::{fdatasync, ftruncate},
    io::{Errno, Result},
};

use crate::{
    dir::{Dir, write_all},
    hash::{HASH_BYTES, Hash},
    layout::{BUNDLE, open_entries, open_hashes},
};

#[derive(Debug)]
pub(crate) struct OpenBundle {
    number: u64,
    entries: OwnedFd,
    hashes: OwnedFd,
    /// Where the durable frames end.
    end: u64,
    /// Bytes of a failed write may stand behind `end`.
    is_torn: bool,
    leaves: Vec<Hash>,
    /// How many leaf hashes are known to be in the file.
    hashes_kept: usize,
}

impl OpenBundle {
    /// Opens an empty bundle; its name must still be made durable where it was not prepared.
    pub(crate) fn create(dir: &Dir, number: u64) -> Result<Self> {
        Self::resume(dir, number, 0, Vec::with_capacity(BUNDLE as usize))
    }

    /// Opens a bundle whose file ends at byte `end`, with these leaf hashes.
    pub(crate) fn resume(dir: &Dir, number: u64, end: u64, leaves: Vec<Hash>) -> Result<Self> {
        let entries = dir.read_write(&open_entries(number))?;
        let hashes = dir.read_write(&open_hashes(number))?;
        Ok(Self { number, entries, hashes, end, is_torn: false, leaves, hashes_kept: 0 })
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The index that the next entry gets.
    pub(crate) fn next_index(&self) -> u64 {
        self.number * BUNDLE + self.leaves.len() as u64
    }

    pub(crate) fn room(&self) -> usize {
        (BUNDLE as usize).saturating_sub(self.leaves.len())
    }

    /// Writes frames behind the durable ones. What a failure leaves is cut now or before the next write.
    pub(crate) fn write(&mut self, frames: &[u8]) -> Result<()> {
        if self.is_torn {
            self.cut()?;
        }
        let written = write_all(&self.entries, frames, self.end);
        if written.is_err() {
            self.is_torn = true;
            let _ = self.cut();
        }
        written
    }

    /// Cuts what stands behind the durable frames.
    pub(crate) fn cut(&mut self) -> Result<()> {
        ftruncate(&self.entries, self.end)?;
        self.is_torn = false;
        Ok(())
    }

    pub(crate) fn sync(&self) -> Result<()> {
        fdatasync(&self.entries)
    }

    /// Whether the file still stands under its name: what is in a file that was removed or replaced, no auditor finds.
    pub(crate) fn stands(&self, dir: &Dir) -> Result<()> {
        if dir.is_at(&self.entries, &open_entries(self.number))? { Ok(()) } else { Err(Errno::STALE) }
    }

    /// Counts frames that are durable now.
    pub(crate) fn accept(&mut self, bytes: usize, leaves: impl Iterator<Item = Hash>) {
        self.end += bytes as u64;
        self.leaves.extend(leaves);
    }

    /// Writes the leaf hashes that are not in the file yet; on a full disk they wait for the next time.
    pub(crate) fn keep_hashes(&mut self) {
        let missing = self.leaves.get(self.hashes_kept..).unwrap_or_default().as_flattened();
        let offset = (self.hashes_kept * HASH_BYTES) as u64;
        if write_all(&self.hashes, missing, offset).is_ok() {
            self.hashes_kept = self.leaves.len();
        }
    }

    pub(crate) fn into_leaves(self) -> Vec<Hash> {
        self.leaves
    }
}
