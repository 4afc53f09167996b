//! One bundle, read whole: its entries, each hashed, and what of it is damaged.
//!
//! Where the log has hashes for it they are compared, best the root that leads up to the log's own. An entry that is not
//! the one that was hashed is damage and is never given out; what is right beside it is.

use std::ops::Range;

use ledger::{Damage, Error, Frames, Hash, Reader, Tail, Tree, WIDTH, leaf_hash};

/// Entries in a full bundle.
pub(crate) const BUNDLE: u64 = WIDTH as u64;

/// A bundle as it was found.
#[derive(Debug, Default)]
pub(crate) struct Bundle {
    first: u64,
    bytes: Vec<u8>,
    /// Where each entry is; nothing where it is not the one that was hashed.
    entries: Vec<Option<Range<usize>>>,
    leaves: Vec<Hash>,
    pub(crate) damage: Vec<Damage>,
}

impl Bundle {
    /// Reads the first entries of bundle `n`, so many as are wanted. Where its root is known, it must have that one.
    pub(crate) fn read(reader: &Reader, n: u64, wanted: u64, root: Option<&Hash>) -> Self {
        let mut bundle = Self { first: n * BUNDLE, ..Self::default() };
        if let Err(error) = bundle.fill(reader, n, wanted as usize, root) {
            bundle.damaged(bundle.leaves.len(), error.to_string());
        }
        bundle
    }

    fn fill(&mut self, reader: &Reader, n: u64, wanted: usize, root: Option<&Hash>) -> Result<(), Error> {
        // Hashes first: beside a live writer they may only lag behind the entries read after them.
        let stored = if root.is_none() { reader.stored_leaves(n)? } else { None };
        let Some(bytes) = reader.bundle_file(n)? else {
            self.damaged(0, format!("bundle {n} is missing"));
            return Ok(());
        };
        self.bytes = bytes;
        let whole = self.walk(wanted);
        match root {
            Some(root) if self.root().as_ref() == Some(root) => {}
            Some(_) => {
                self.compare(&reader.stored_leaves(n)?.unwrap_or_default(), whole);
                if self.damage.is_empty() {
                    self.damaged(0, format!("the tiles above bundle {n} do not agree with it"));
                }
            }
            None => self.compare(&stored.unwrap_or_default(), whole),
        }
        Ok(())
    }

    /// Hashes the wanted entries; gives how many whole frames there are.
    fn walk(&mut self, wanted: usize) -> usize {
        let mut frames = Frames::new(&self.bytes);
        while self.leaves.len() < wanted
            && let Some(frame) = frames.next()
        {
            self.entries.push(Some(frames.at() - frame.body.len()..frames.at()));
            self.leaves.push(leaf_hash(frame.body));
        }
        let end = frames.at();
        let behind = frames.by_ref().count();
        let is_cut = self.leaves.len() < wanted;
        let is_bad = match wanted as u64 {
            BUNDLE => end < self.bytes.len(),
            _ => Tail::of(&self.bytes[frames.at()..]) == Tail::Bad,
        };
        if is_cut || is_bad {
            self.damaged(self.leaves.len(), format!("no whole frame at byte {end} of its bundle"));
        }
        self.leaves.len() + behind
    }

    /// Compares each entry with the hash that was kept of it.
    fn compare(&mut self, stored: &[Hash], whole: usize) {
        for (slot, stored) in stored.iter().enumerate().take(self.leaves.len()) {
            if self.leaves[slot] != *stored {
                self.entries[slot] = None;
                self.damaged(slot, "the entry does not have its stored leaf hash");
            }
        }
        if whole < stored.len() {
            self.damaged(whole, "an entry is missing whose leaf hash was kept");
        }
    }

    fn damaged(&mut self, slot: usize, what: impl Into<String>) {
        self.damage.push(Damage { index: Some(self.first + slot as u64), what: what.into() });
    }

    /// The root over all its entries, where it is full.
    pub(crate) fn root(&self) -> Option<Hash> {
        (self.leaves.len() as u64 == BUNDLE).then(|| self.leaves.iter().copied().collect::<Tree>().root())
    }

    /// The leaf hashes of its entries, as they were computed.
    pub(crate) fn leaves(&self) -> &[Hash] {
        &self.leaves
    }

    /// An entry that is the one that was hashed, and where its frame begins.
    pub(crate) fn entry(&self, slot: u64) -> Option<(&[u8], u32)> {
        let place = self.entries.get(slot as usize)?.clone()?;
        let begins = u32::try_from(place.start.checked_sub(FRAME_LENGTH)?).ok()?;
        Some((&self.bytes[place], begins))
    }

    /// All such entries, with their slots and where their frames begin.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (u64, &[u8], u32)> {
        (0..self.entries.len() as u64)
            .filter_map(|slot| self.entry(slot).map(|(bytes, begins)| (slot, bytes, begins)))
    }
}

/// Bytes of a frame's length, before its entry.
const FRAME_LENGTH: usize = 2;
