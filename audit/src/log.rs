//! One log, as far as it reached when a question was put to it, and what is known of it from its hash tiles.
//!
//! Entries fall into stretches of 65,536, one for each full tile at level 1. Its root is the stretch's: what leads up to
//! it is proven to be the log's. Entries behind the last stretch are the tail.

use std::path::Path;
use std::sync::OnceLock;

use ledger::{Damage, Error, Hash, Reader, Tree, WIDTH, leaf_hash};

use crate::bundle::{BUNDLE, Bundle};

/// Bundles in a stretch.
pub(crate) const BUNDLES: u64 = WIDTH as u64;
/// Entries in a stretch.
pub(crate) const STRETCH: u64 = BUNDLES * BUNDLE;

/// A log that is asked.
#[derive(Debug)]
pub struct Log {
    name: String,
    reader: Reader,
    size: u64,
    /// 8 KiB for each, read once: every question needs all of them.
    stretches: OnceLock<Vec<Option<Stretch>>>,
}

/// The hashes of one stretch's bundles, and its root.
#[derive(Clone, Debug)]
pub(crate) struct Stretch {
    pub(crate) roots: Vec<Hash>,
    pub(crate) root: Hash,
}

impl Log {
    /// Opens the log in a folder. What is appended from now on is not part of the answer.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let reader = Reader::open(dir)?;
        let size = reader.size()?;
        Ok(Self { name: dir.display().to_string(), reader, size, stretches: OnceLock::new() })
    }

    /// As [`Log::open`], but beside a live writer what is not known to be durable is not part of it either.
    pub fn durable(dir: &Path) -> Result<Self, Error> {
        let log = Self::open(dir)?;
        let (n, open) = (log.size / BUNDLE, log.size % BUNDLE);
        let durable = match log.reader.is_open(n)? {
            true => log.reader.stored_leaves(n)?.map_or(0, |leaves| leaves.len() as u64),
            false => BUNDLE,
        };
        Ok(Self { size: n * BUNDLE + open.min(durable), ..log })
    }

    /// The folder, as it was named.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many entries it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether an index would spare anything.
    pub fn wants_index(&self) -> bool {
        self.stretches() > 0
    }

    pub(crate) fn reader(&self) -> &Reader {
        &self.reader
    }

    /// How many stretches are full.
    pub(crate) fn stretches(&self) -> u64 {
        self.size / STRETCH
    }

    /// How many bundles have entries.
    pub(crate) fn bundles(&self) -> u64 {
        self.size.div_ceil(BUNDLE)
    }

    /// What the log's tiles say of a stretch; nothing where they cannot be read.
    pub(crate) fn stretch(&self, k: u64) -> Option<&Stretch> {
        let all =
            self.stretches.get_or_init(|| (0..self.stretches()).map(|k| self.read_stretch(k)).collect());
        all.get(k as usize)?.as_ref()
    }

    fn read_stretch(&self, k: u64) -> Option<Stretch> {
        let bytes = self.reader.tile(1, k, WIDTH).ok()?;
        let (roots, _) = bytes.as_chunks();
        let roots = roots.to_vec();
        let root = roots.iter().copied().collect::<Tree>().root();
        Some(Stretch { roots, root })
    }

    /// The root of a full bundle of a stretch, by the log's own tiles.
    pub(crate) fn root(&self, n: u64) -> Option<&Hash> {
        self.stretch(n / BUNDLES)?.roots.get((n % BUNDLES) as usize)
    }

    /// Reads a bundle whole.
    pub(crate) fn bundle(&self, n: u64, root: Option<&Hash>) -> Bundle {
        Bundle::read(&self.reader, n, self.size.saturating_sub(n * BUNDLE).min(BUNDLE), root)
    }

    /// The leaf hashes of a full bundle, if they are those of which this is the root.
    fn leaves(&self, n: u64, root: &Hash) -> Option<Vec<Hash>> {
        let leaves = self.reader.stored_leaves(n).ok()??;
        (leaves.len() as u64 == BUNDLE && leaves.iter().copied().collect::<Tree>().root() == *root)
            .then_some(leaves)
    }

    /// The entries of a full bundle at these places, each proven to be one that this root was made of. Nothing where a
    /// place or the bundle is not as it should be: who asked reads the bundle whole, which says what is wrong.
    pub(crate) fn entries_at(&self, n: u64, places: &[Place], root: &Hash) -> Option<Vec<Vec<u8>>> {
        let leaves = self.leaves(n, root)?;
        let offsets: Vec<u32> = places.iter().map(|place| place.begins).collect();
        let found = self.reader.entries_at(n, &offsets).ok()?;
        let proven = |(place, bytes): (&Place, Option<Vec<u8>>)| {
            bytes.filter(|bytes| leaves.get(usize::from(place.slot)) == Some(&leaf_hash(bytes)))
        };
        let entries: Option<Vec<_>> = places.iter().zip(found).map(proven).collect();
        entries.filter(|entries| entries.len() == places.len())
    }
}

/// Where an entry is in its bundle: its number there, and the byte at which its frame begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) slot: u8,
    pub(crate) begins: u32,
}

/// Bytes that have an entry's hash and are no entry.
pub(crate) fn unreadable(index: u64, error: &impl ToString) -> Damage {
    Damage { index: Some(index), what: error.to_string() }
}
