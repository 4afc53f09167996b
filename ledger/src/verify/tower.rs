//! Compares the tiles above the leaves with roots computed anew.

use super::{Report, published};
use crate::{
    Error, Reader,
    hash::Hash,
    layout::BUNDLE,
    partial_tiles,
    tile::{load, root},
};

/// The hashes so far of the tile that is filling at each level above the leaves.
#[derive(Default)]
pub(super) struct Tower {
    levels: Vec<Vec<Option<Hash>>>,
}

impl Tower {
    /// Takes the leaf hashes of a full bundle; fewer than 256 mean that some could not be read.
    pub(super) fn push_bundle(
        &mut self,
        reader: &Reader,
        number: u64,
        leaves: &[Hash],
        report: &mut Report,
    ) -> Result<(), Error> {
        let mut node = (leaves.len() as u64 == BUNDLE).then(|| root(leaves));
        let mut n = number;
        for level in 1u8.. {
            let slot = usize::from(level - 1);
            if self.levels.len() <= slot {
                self.levels.push(Vec::new());
            }
            self.levels[slot].push(node);
            if self.levels[slot].len() as u64 != BUNDLE {
                break;
            }
            let tile = std::mem::take(&mut self.levels[slot]);
            n /= BUNDLE;
            published::compare_tile(reader, level, n, &tile, report)?;
            compare(reader, level, n, &tile, report)?;
            node = tile.into_iter().collect::<Option<Vec<_>>>().map(|hashes| root(&hashes));
        }
        Ok(())
    }

    /// Compares what is published of the tiles that are not full.
    pub(super) fn finish(&self, reader: &Reader, report: &mut Report) -> Result<(), Error> {
        (1u8..).zip(&self.levels).try_for_each(|(level, tile)| {
            let n = partial_tiles::number(report.size, level);
            published::compare_tile(reader, level, n, tile, report)
        })
    }
}

fn compare(
    reader: &Reader,
    level: u8,
    n: u64,
    tile: &[Option<Hash>],
    report: &mut Report,
) -> Result<(), Error> {
    let leaves_below = BUNDLE.pow(u32::from(level));
    let first = n * BUNDLE * leaves_below;
    let last_bundle = (first + BUNDLE * leaves_below) / BUNDLE - 1;
    // Asked before the tile is looked for: beside a live writer it may come between the two.
    let is_sealed = !reader.is_open(last_bundle)?;
    let Some(stored) = load(&reader.dir, level, n)? else {
        if is_sealed {
            report.damaged(first, format!("tile {n} at level {level} is missing or cut short"));
        }
        return Ok(());
    };
    for (at, (computed, stored)) in (0u64..).zip(tile.iter().zip(&stored)) {
        if computed.is_some_and(|computed| computed != *stored) {
            let what = format!("hash {at} of tile {n} at level {level} is not the root of what is below it");
            report.damaged(first + at * leaves_below, what);
        }
    }
    Ok(())
}
