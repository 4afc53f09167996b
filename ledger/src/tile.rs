//! Tiles of hashes, computed and kept (C2SP tlog-tiles).
//!
//! A tile at level 0 holds 256 leaf hashes; a hash at level L+1 is the root of a full tile at level L. All of it can be
//! computed again from the entries, so what is missing is rebuilt, and what differs is damage.

use crate::{
    Error, Tree, WIDTH,
    dir::Dir,
    hash::{HASH_BYTES, Hash},
    layout::{BUNDLE, tile},
};

/// The hashes that a file holds. A file system may leave zeros where nothing was written, and no hash is zero.
pub(crate) fn stored(bytes: &[u8]) -> &[Hash] {
    let (hashes, _) = bytes.as_chunks::<HASH_BYTES>();
    let whole = hashes.iter().position(is_lost).unwrap_or(hashes.len());
    &hashes[..whole]
}

/// As [`stored`], but to the last hash that is there: a power cut may have lost those before it.
pub(crate) fn kept(bytes: &[u8]) -> &[Hash] {
    let (hashes, _) = bytes.as_chunks::<HASH_BYTES>();
    let end = hashes.iter().rposition(|hash| !is_lost(hash)).map_or(0, |last| last + 1);
    &hashes[..end]
}

/// Whether only the place of a hash is there.
pub(crate) fn is_lost(hash: &Hash) -> bool {
    *hash == [0; HASH_BYTES]
}

pub(crate) fn root(hashes: &[Hash]) -> Hash {
    hashes.iter().copied().collect::<Tree>().root()
}

/// Reads a full tile.
pub(crate) fn load(dir: &Dir, level: u8, n: u64) -> Result<Option<Vec<Hash>>, Error> {
    let path = tile(level, n);
    let bytes = dir.read(&path).map_err(Error::io(&path))?;
    Ok(bytes.map(|bytes| stored(&bytes).to_vec()).filter(|hashes| hashes.len() == usize::from(WIDTH)))
}

/// The tiles above the leaves, as (level, number), that are complete with leaf tile `n`.
pub(crate) fn complete_with(n: u64) -> impl Iterator<Item = (u8, u64)> {
    let mut child = n;
    (1u8..).map_while(move |level| {
        let is_last = (child + 1).is_multiple_of(BUNDLE);
        child /= BUNDLE;
        is_last.then_some((level, child))
    })
}

/// Writes the tiles above leaf tile `n` that are complete with it. One that is there is left for `verify` to judge.
pub(crate) fn publish_parents(dir: &Dir, n: u64) -> Result<(), Error> {
    for (level, parent) in complete_with(n) {
        if load(dir, level, parent)?.is_some() {
            continue;
        }
        let hashes = roots_below(dir, level - 1, parent)?;
        let path = tile(level, parent);
        let written = dir.make_parents(&path).and_then(|()| dir.replace(&path, hashes.as_flattened()));
        written.map_err(Error::io(&path))?;
    }
    Ok(())
}

fn roots_below(dir: &Dir, level: u8, parent: u64) -> Result<Vec<Hash>, Error> {
    let children = parent * BUNDLE..(parent + 1) * BUNDLE;
    children.map(|n| load(dir, level, n)?.map(|hashes| root(&hashes)).ok_or(Error::NotFound)).collect()
}
