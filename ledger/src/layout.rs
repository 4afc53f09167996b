//! Where things lie below the ledger's directory. The format is final: docs/log-format.md.

use crate::{TilePath, WIDTH};

pub(crate) const LOCK: &str = "lock";
pub(crate) const MARKS: &str = "marks";
pub(crate) const CHECKPOINT: &str = "checkpoint";
pub(crate) const RESERVE: &str = "reserve";
pub(crate) const OPEN: &str = "open";
pub(crate) const TILES: &str = "tile";
pub(crate) const SEALED: &str = "tile/entries";
pub(crate) const FOLDERS: [&str; 4] = [OPEN, TILES, SEALED, "tile/0"];

/// Entries in a bundle, as a file counts them.
pub(crate) const BUNDLE: u64 = WIDTH as u64;

pub(crate) fn sealed_entries(n: u64) -> String {
    below_tiles(TilePath::Entries { n, width: WIDTH })
}

pub(crate) fn tile(level: u8, n: u64) -> String {
    below_tiles(TilePath::Tile { level, n, width: WIDTH })
}

/// A path of C2SP tlog-tiles, below the log's folder.
pub(crate) fn below_tiles(path: TilePath) -> String {
    format!("{TILES}/{path}")
}

/// The folder of all partial tiles or bundles with the number of this partial one.
pub(crate) fn partial_folder(path: TilePath) -> String {
    let path = below_tiles(path);
    path.rsplit_once('/').map_or(path.clone(), |(folder, _)| folder.to_owned())
}

/// The folders that a file lies in, below the log's.
pub(crate) fn folders_above(path: &str) -> impl Iterator<Item = String> + '_ {
    path.match_indices('/').map(|(end, _)| path[..end].to_owned())
}

pub(crate) fn open_entries(n: u64) -> String {
    format!("{OPEN}/{n:03}.entries")
}

pub(crate) fn open_hashes(n: u64) -> String {
    format!("{OPEN}/{n:03}.hashes")
}

/// The bundle that a file in `open/` holds the entries of.
pub(crate) fn open_number(name: &str) -> Option<u64> {
    let n = name.strip_suffix(".entries")?.parse().ok()?;
    (open_entries(n).strip_prefix("open/") == Some(name)).then_some(n)
}
