//! Trees and proofs of any size that a log had, read from its tiles.
//!
//! A perfect subtree of 2ⁿ leaves is hashes next to each other in one tile, so that a proof takes one tile a level or
//! two. What is read is believed as far as `Reader` goes: whoever is told a root or a proof compares it with a signed one.

use std::ops::Range;

use crate::{
    Error, Hash, Reader, Tree, TreeHead, WIDTH, compact_range::CompactRange, layout::BUNDLE, proof,
    tile::root,
};

/// Levels of the tree between two levels of tiles.
pub(crate) const TILE_LEVELS: u32 = 8;

/// Where a perfect subtree is: the level and number of a tile, and which of its hashes make it up.
pub(crate) fn tile_of(level: u32, number: u64) -> (u8, u64, Range<usize>) {
    let (tile_level, rest) = (level / TILE_LEVELS, level % TILE_LEVELS);
    let first = number << rest;
    let start = (first % BUNDLE) as usize;
    (tile_level as u8, first / BUNDLE, start..start + (1 << rest))
}

impl Reader {
    /// Size and root of the first entries.
    pub fn head_at(&self, size: u64) -> Result<TreeHead, Error> {
        self.tree_at(size).map(|tree| tree.head())
    }

    /// Shows that the first `old` entries are the beginning of the first `new` ones (RFC 6962 section 2.1.2).
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, Error> {
        if old > new {
            return Err(Error::NotFound);
        }
        Ok(proof::consistency(&self.tree_at(old)?, &self.range(old, new)?))
    }

    /// Shows that entry `index` is one of the first `size` (RFC 6962 section 2.1.1).
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, Error> {
        if index >= size {
            return Err(Error::NotFound);
        }
        Ok(proof::inclusion(&self.range(0, index)?, &self.range(index + 1, size)?))
    }

    pub(crate) fn tree_at(&self, size: u64) -> Result<Tree, Error> {
        self.range(0, size).map(Tree::of)
    }

    /// The leaves `begin..end`. A tile is read once for all its subtrees.
    pub(crate) fn range(&self, begin: u64, end: u64) -> Result<CompactRange, Error> {
        let mut last = (u8::MAX, 0, Vec::new());
        CompactRange::gather(begin, end, |level, number| {
            let (tile_level, n, hashes) = tile_of(level, number);
            if (last.0, last.1) != (tile_level, n) {
                let held = (end >> (u32::from(tile_level) * TILE_LEVELS)) - n * BUNDLE;
                last = (tile_level, n, self.hashes(tile_level, n, held.min(BUNDLE) as u16)?);
            }
            last.2.get(hashes).map(root).ok_or(Error::NotFound)
        })
    }
}

const _: () = assert!(1 << TILE_LEVELS == WIDTH);
