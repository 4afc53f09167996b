//! The tiles at the right edge of a log of some size, none of which is full (C2SP tlog-tiles).
//!
//! There is one a level at most, and the perfect subtrees that make the log's root are all in them: so they are held
//! against the root of the checkpoint that they are published with, and nothing wrong on the disk gets into a new file.

use crate::{
    Error, Hash, Reader, TilePath, Tree,
    compact_range::CompactRange,
    layout::{BUNDLE, below_tiles},
    tile::{root, stored},
    tile_tree::{TILE_LEVELS, tile_of},
};

/// How many hashes the partial tile has at a level; none has 0.
pub(crate) fn width(size: u64, level: u8) -> u16 {
    (shifted(size, u32::from(level)) % BUNDLE) as u16
}

/// The number of the tile that is not full at a level.
pub(crate) fn number(size: u64, level: u8) -> u64 {
    shifted(size, u32::from(level) + 1)
}

fn shifted(size: u64, levels: u32) -> u64 {
    size.checked_shr(levels * TILE_LEVELS).unwrap_or(0)
}

/// The levels that a log of this size has tiles at.
pub(crate) fn levels(size: u64) -> impl Iterator<Item = u8> {
    (0u8..8).take_while(move |level| shifted(size, u32::from(*level)) > 0)
}

/// The tile that is not full at a level, where there is one.
pub(crate) fn path(size: u64, level: u8) -> Option<TilePath> {
    let width = width(size, level);
    (width > 0).then(|| TilePath::Tile { level, n: number(size, level), width })
}

/// The hashes of each level's partial tile.
pub(crate) struct PartialTiles {
    size: u64,
    levels: Vec<Vec<Hash>>,
}

impl PartialTiles {
    /// Makes those of a size. What was published with a smaller size is gone on with: a tile above the leaves then costs
    /// the bundles since, not all below it.
    pub(crate) fn make(reader: &Reader, size: u64, published: u64) -> Result<Self, Error> {
        let levels = levels(size).map(|level| hashes(reader, size, published, level));
        Ok(Self { size, levels: levels.collect::<Result<_, _>>()? })
    }

    /// The root of the whole log.
    pub(crate) fn tree(&self) -> Result<Tree, Error> {
        let range = CompactRange::gather(0, self.size, |level, number| {
            let (tile_level, _, range) = tile_of(level, number);
            self.levels
                .get(usize::from(tile_level))
                .and_then(|tile| tile.get(range))
                .map(root)
                .ok_or(Error::NotFound)
        });
        range.map(Tree::of)
    }

    /// The files, by their paths below the log's folder.
    pub(crate) fn files(&self) -> impl Iterator<Item = (String, &[u8])> {
        (0u8..).zip(&self.levels).filter_map(|(level, hashes)| {
            path(self.size, level).map(|path| (below_tiles(path), hashes.as_flattened()))
        })
    }
}

fn hashes(reader: &Reader, size: u64, published: u64, level: u8) -> Result<Vec<Hash>, Error> {
    let (n, width) = (number(size, level), width(size, level));
    let Some(below) = level.checked_sub(1).filter(|_| width > 0) else {
        return if width == 0 { Ok(Vec::new()) } else { reader.hashes(0, n, width) };
    };
    let mut hashes = match path(published, level) {
        Some(TilePath::Tile { n: last, .. }) if last == n => known(reader, published, level)?,
        _ => Vec::new(),
    };
    hashes.truncate(usize::from(width));
    for child in hashes.len() as u64..u64::from(width) {
        hashes.push(root(&reader.hashes(below, n * BUNDLE + child, crate::WIDTH)?));
    }
    Ok(hashes)
}

fn known(reader: &Reader, published: u64, level: u8) -> Result<Vec<Hash>, Error> {
    let Some(path) = path(published, level) else { return Ok(Vec::new()) };
    let file = below_tiles(path);
    let bytes = reader.dir.read(&file).map_err(Error::io(&file))?.unwrap_or_default();
    Ok(stored(&bytes).to_vec())
}
