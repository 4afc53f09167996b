//! What a start read, written again: only then is it on the disk, whatever the page cache said.
//!
//! After an error at write-back Linux keeps the pages, readable and clean: a later fsync succeeds without writing them, and
//! a power cut takes them (fsync(2), NOTES). Whether a predecessor met such an error nobody can ask. So bundles go to new
//! files, on blocks of their own, under their names only once the disk confirmed them; hashes, which say that their
//! entries were durable, come after that. A kill at any point leaves the old file or the new one, with the same bytes.

use crate::{
    Error,
    dir::Dir,
    hash::Hash,
    layout::{sealed_entries, tile},
    tile::{complete_with, publish_parents},
};

/// Writes a bundle at its path, and makes the path durable.
pub(crate) fn entries(dir: &Dir, path: &str, bytes: &[u8]) -> Result<(), Error> {
    dir.replace(path, bytes).map_err(Error::io(path))?;
    let folder = path.rsplit_once('/').map_or(".", |(folder, _)| folder);
    dir.sync_folder(folder).map_err(|failed| Error::io(folder)(failed.errno()))
}

/// Writes a sealed bundle, its leaf tile, and the tiles above that are complete with it; their names are made durable
/// with the marks.
pub(crate) fn sealed(dir: &Dir, number: u64, bytes: &[u8], leaves: &[Hash]) -> Result<(), Error> {
    entries(dir, &sealed_entries(number), bytes)?;
    let leaf_tile = tile(0, number);
    let placed = dir.make_parents(&leaf_tile).and_then(|()| dir.replace(&leaf_tile, leaves.as_flattened()));
    placed.map_err(Error::io(&leaf_tile))?;
    for path in complete_with(number).map(|(level, parent)| tile(level, parent)) {
        // As it is: whether it is right, `verify` judges.
        if let Some(bytes) = dir.read(&path).map_err(Error::io(&path))? {
            dir.replace(&path, &bytes).map_err(Error::io(&path))?;
        }
    }
    publish_parents(dir, number)
}
