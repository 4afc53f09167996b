//! Holds what was published against the log: partial tiles and bundles, and the checkpoint beside them.
//!
//! A partial file is the beginning of what it is part of, and of what the checkpoint needs nothing is missing. Who signed
//! the checkpoint is for those to say who know the log's key.

use serde::Serialize;

use super::Report;
use crate::{
    Error, Reader, Root, TilePath, TreeHead,
    frame::Frames,
    hash::Hash,
    layout::{BUNDLE, below_tiles, partial_folder, sealed_entries, tile},
    partial_tiles,
};

/// What the checkpoint in the log's folder says. Nobody has verified its signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Found {
    /// Which log.
    pub origin: String,
    /// How many entries.
    pub size: u64,
    /// Their root.
    pub root: Root,
}

impl Found {
    /// The checkpoint that is there; one that cannot be read is damage.
    pub(super) fn read(reader: &Reader, report: &mut Report) -> Result<Option<Self>, Error> {
        match reader.checkpoint() {
            Err(Error::Checkpoint(bad)) => {
                report.damage(None, format!("the file checkpoint is damaged, {bad}"));
                Ok(None)
            }
            found => Ok(found?.map(|signed| {
                let TreeHead { size, root } = signed.head();
                Self { origin: signed.checkpoint().origin().to_owned(), size, root }
            })),
        }
    }

    /// Whether the log begins with what the checkpoint is of, and all is there that a copy of it needs.
    pub(super) fn compare(&self, reader: &Reader, report: &mut Report) -> Result<(), Error> {
        let (size, root) = (self.size, self.root.base64());
        let differs = match report.head_at(size) {
            Some(head) if head.root == self.root => None,
            Some(head) => Some(format!("the log's first {size} have the root {}", head.root.base64())),
            None if report.size < size => Some(format!("the log has {}", report.size)),
            // What is missing before it is told already.
            None => None,
        };
        if let Some(differs) = differs {
            let what =
                format!("the file checkpoint is of {size} entries with the root {root}, and {differs}");
            report.damage(None, what);
            return Ok(());
        }
        self.needs(reader, report)
    }

    fn needs(&self, reader: &Reader, report: &mut Report) -> Result<(), Error> {
        let size = self.size;
        let tiles = partial_tiles::levels(size).filter_map(|level| {
            let full = tile(level, partial_tiles::number(size, level));
            partial_tiles::path(size, level).map(|path| (below_tiles(path), full))
        });
        let (n, width) = (size / BUNDLE, (size % BUNDLE) as u16);
        let entries = (width > 0).then(|| (below_tiles(TilePath::Entries { n, width }), sealed_entries(n)));
        for (partial, full) in tiles.chain(entries) {
            // In this order: a partial one goes when the full one is there.
            if !reader.exists(&partial)? && !reader.exists(&full)? {
                report.damage(None, format!("{partial} is missing, which the checkpoint needs"));
            }
        }
        Ok(())
    }
}

/// Compares the partial files of a bundle with its entries and their hashes.
pub(super) fn compare_bundle(
    reader: &Reader,
    n: u64,
    bytes: &[u8],
    leaves: &[Hash],
    report: &mut Report,
) -> Result<(), Error> {
    for (path, width, found) in files(reader, TilePath::Entries { n, width: 1 })? {
        let mut frames = Frames::new(bytes);
        let has = frames.by_ref().take(usize::from(width)).count();
        if has == usize::from(width) && found != bytes[..frames.at()] {
            let same =
                Frames::new(bytes).zip(Frames::new(&found)).take_while(|(one, other)| one.body == other.body);
            let index = n * BUNDLE + (same.count() as u64).min(u64::from(width) - 1);
            report.damaged(index, format!("{path} is not the beginning of its bundle"));
        }
        too_wide(reader, &path, has, n * BUNDLE + u64::from(width), report)?;
    }
    let leaves: Vec<_> = leaves.iter().copied().map(Some).collect();
    compare_tile(reader, 0, n, &leaves, report)
}

/// Compares the partial files of a tile with its hashes, as far as there are any.
pub(super) fn compare_tile(
    reader: &Reader,
    level: u8,
    n: u64,
    hashes: &[Option<Hash>],
    report: &mut Report,
) -> Result<(), Error> {
    let below = BUNDLE.pow(u32::from(level));
    for (path, width, found) in files(reader, TilePath::Tile { level, n, width: 1 })? {
        let (stored, rest) = found.as_chunks();
        let wanted = &hashes[..hashes.len().min(width.into())];
        let differs =
            |(stored, wanted): (&Hash, &Option<Hash>)| wanted.is_some_and(|wanted| wanted != *stored);
        let at = stored.iter().zip(wanted).position(differs);
        let is_whole = stored.len() == usize::from(width) && rest.is_empty();
        if let Some(at) = at.or((!is_whole).then_some(stored.len().min(usize::from(width) - 1))) {
            let index = (n * BUNDLE + at as u64) * below;
            report.damaged(index, format!("{path} does not have the hashes of what it is of"));
        }
        too_wide(reader, &path, hashes.len(), (n * BUNDLE + u64::from(width)) * below, report)?;
    }
    Ok(())
}

/// A file of more than was read: a live writer has come so far, or entries are lost.
fn too_wide(reader: &Reader, path: &str, has: usize, needs: u64, report: &mut Report) -> Result<(), Error> {
    let width: usize = path.rsplit_once('/').and_then(|(_, width)| width.parse().ok()).unwrap_or(0);
    let is_missing = !reader.is_copy() && width > has && needs > report.size && reader.size()? < needs;
    if is_missing {
        report.damaged(report.size, format!("{path} is there, and the log ends before it"));
    }
    Ok(())
}

/// The partial files of one tile or bundle: paths, widths and bytes.
fn files(reader: &Reader, of: TilePath) -> Result<Vec<(String, u16, Vec<u8>)>, Error> {
    let folder = partial_folder(of);
    let names = match reader.dir.names(&folder) {
        Err(rustix::io::Errno::NOENT) => return Ok(Vec::new()),
        names => names.map_err(Error::io(&folder))?,
    };
    let mut found = Vec::new();
    for path in names.iter().filter_map(|name| format!("{folder}/{name}").strip_prefix("tile/")?.parse().ok())
    {
        let (TilePath::Tile { width, .. } | TilePath::Entries { width, .. }) = path;
        let path = below_tiles(path);
        // It may have been replaced by the full one meanwhile.
        if let Some(bytes) = reader.file(&path)? {
            found.push((path, width, bytes));
        }
    }
    Ok(found)
}
