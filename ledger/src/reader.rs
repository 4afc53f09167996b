//! Reads a log, whole or beside its live writer. It takes no lock and writes nothing.
//!
//! It trusts nothing that it can compute: partial tiles and tiles that are not there yet are made from the entries.
//! It sees bytes before they are durable; whoever serves them inside the agent bounds them by `Ledger::size`.

use std::{path::Path, sync::atomic::AtomicU64};

use crate::{
    Entry, Error, SignedCheckpoint, TilePath, WIDTH,
    dir::Dir,
    frame::{Frames, Tail},
    hash::{Hash, leaf_hash},
    layout::{BUNDLE, CHECKPOINT, OPEN, SEALED, open_entries, sealed_entries},
    lifecycle_index::LifecycleIndex,
    sealed, tile as tiles,
};

/// A read-only view of a log.
#[derive(Debug)]
pub struct Reader {
    pub(crate) dir: Dir,
    /// How many bundles were seen sealed. It only rises.
    pub(crate) sealed: AtomicU64,
    /// Of a copy that has what was published and no more: how many entries that is.
    pub(crate) published: Option<u64>,
}

impl Reader {
    /// Opens the log in `dir`; a directory that holds none is an error, not an empty log.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let mut reader = Dir::open(dir).map(Self::on).map_err(Error::io(&dir.to_string_lossy()))?;
        reader.dir.names(SEALED).map_err(Error::io(SEALED))?;
        if !reader.exists(OPEN)? {
            reader.published = reader.checkpoint()?.map(|signed| signed.head().size);
        }
        Ok(reader)
    }

    pub(crate) fn on(dir: Dir) -> Self {
        Self { dir, sealed: AtomicU64::new(0), published: None }
    }

    /// The checkpoint that was published last. Nobody has verified its signatures, nor compared it with the log.
    pub fn checkpoint(&self) -> Result<Option<SignedCheckpoint>, Error> {
        let bytes = self.file(CHECKPOINT)?;
        bytes.map(|bytes| SignedCheckpoint::parse(&bytes)).transpose().map_err(Error::Checkpoint)
    }

    /// How many whole entries there are; in a copy of what was published, how many the checkpoint is of.
    pub fn size(&self) -> Result<u64, Error> {
        if let Some(published) = self.published {
            return Ok(published);
        }
        let mut number = self.sealed()?;
        loop {
            let frames = self.file(&open_entries(number))?.map(|bytes| Frames::new(&bytes).count() as u64);
            match frames {
                Some(BUNDLE..) => number += 1,
                // It was sealed between two looks.
                None if self.exists(&sealed_entries(number))? => number += 1,
                frames => return Ok(number * BUNDLE + frames.unwrap_or(0)),
            }
        }
    }

    /// The first `width` entries of bundle `n`, framed as stored.
    pub fn bundle(&self, n: u64, width: u16) -> Result<Vec<u8>, Error> {
        let mut bytes = self.bundle_file(n)?.ok_or(Error::NotFound)?;
        let mut frames = Frames::new(&bytes);
        let got = frames.by_ref().take(usize::from(width)).count();
        let end = frames.at();
        if got < usize::from(width) || width == 0 || width > WIDTH {
            return Err(Error::NotFound);
        }
        bytes.truncate(end);
        Ok(bytes)
    }

    /// The first `width` hashes of tile `n` at `level`.
    pub fn tile(&self, level: u8, n: u64, width: u16) -> Result<Vec<u8>, Error> {
        self.hashes(level, n, width).map(|hashes| hashes.as_flattened().to_vec())
    }

    /// What a path names.
    pub fn get(&self, path: TilePath) -> Result<Vec<u8>, Error> {
        match path {
            TilePath::Tile { level, n, width } => self.tile(level, n, width),
            TilePath::Entries { n, width } => self.bundle(n, width),
        }
    }

    pub(crate) fn hashes(&self, level: u8, n: u64, width: u16) -> Result<Vec<Hash>, Error> {
        if width == 0 || width > WIDTH {
            return Err(Error::NotFound);
        }
        if let Some(mut hashes) = tiles::load(&self.dir, level, n)? {
            hashes.truncate(usize::from(width));
            return Ok(hashes);
        }
        let Some(below) = level.checked_sub(1) else {
            let bundle = self.bundle(n, width)?;
            return Ok(Frames::new(&bundle).map(|frame| leaf_hash(frame.body)).collect());
        };
        let first = n.checked_mul(BUNDLE).ok_or(Error::NotFound)?;
        let children = first..first.saturating_add(u64::from(width));
        // The last child is asked for first: a tile that is not there yet costs one look, not thousands.
        let last = tiles::root(&self.hashes(below, children.end - 1, WIDTH)?);
        let before = first..children.end - 1;
        let before = before.map(|child| self.hashes(below, child, WIDTH).map(|hashes| tiles::root(&hashes)));
        before.chain(std::iter::once(Ok(last))).collect()
    }

    /// All lifecycle and posture entries with their indices, in order: the state of today is a fold of these. What the lifecycle
    /// index names is picked out, and only what is above it is read whole; without one that can be believed, all is.
    pub fn lifecycle(&self) -> Result<Entries, Error> {
        let (first, mut found) = self.indexed()?.unwrap_or_default();
        for item in self.entries(first) {
            let (index, entry) = item?;
            if entry.kind.is_state() {
                found.push((index, entry));
            }
        }
        Ok(found)
    }

    /// The entries that the lifecycle index names, and where it ends.
    fn indexed(&self) -> Result<Option<(u64, Entries)>, Error> {
        // The writer may seal more meanwhile: what is sealed is counted last.
        let Some(marks) = LifecycleIndex::load(&self.dir, u64::MAX)? else { return Ok(None) };
        if marks.size > self.sealed()? * BUNDLE {
            return Ok(None);
        }
        Ok(sealed::pick(&self.dir, &marks)?.map(|(found, _)| (marks.size, found)))
    }

    /// The stored bytes of one entry. Where later ones are and it has no whole frame, that is damage.
    pub fn entry(&self, index: u64) -> Result<Vec<u8>, Error> {
        let (n, slot) = (index / BUNDLE, index % BUNDLE);
        let wanted = self.wanted(n)?;
        let bundle = self.bundle_file(n)?.unwrap_or_default();
        let frame = Frames::new(&bundle).take(BUNDLE as usize).nth(slot as usize);
        let missing = || if slot < wanted { hole(index) } else { Error::NotFound };
        frame.map(|frame| frame.body.to_vec()).ok_or_else(missing)
    }

    /// The stored bytes of the entries from `first` on, with their indices. What is missing before others is an error, and
    /// the next bundle follows.
    pub fn raw(&self, first: u64) -> impl Iterator<Item = Raw> + '_ {
        let mut next = Some(first / BUNDLE);
        let bundles = std::iter::from_fn(move || {
            let n = next?;
            let (items, is_last) = self.items(n).unwrap_or_else(|error| (vec![Err(error)], true));
            next = n.checked_add(1).filter(|_| !is_last);
            Some(items)
        });
        bundles.flatten().skip_while(move |item| matches!(item, Ok((index, _)) if *index < first))
    }

    /// The entries of bundle `n`, and whether none can follow. Beside a live writer the last one may have been sealed, and
    /// another begun, since it was read: it is the last all the same, so that none between them is left out.
    fn items(&self, n: u64) -> Result<(Vec<Raw>, bool), Error> {
        let wanted = self.wanted(n)?;
        let mut items = split(n, self.bundle_file(n)?.as_deref().unwrap_or_default());
        let (whole, is_damaged) = (items.len() as u64, items.last().is_some_and(Result::is_err));
        if whole < wanted && !is_damaged {
            items.push(Err(hole(n * BUNDLE + whole)));
        }
        Ok((items, whole < BUNDLE && wanted < BUNDLE && !is_damaged))
    }

    /// How many entries bundle `n` has to have, as there are later ones.
    fn wanted(&self, n: u64) -> Result<u64, Error> {
        match self.published {
            Some(size) => Ok(size.saturating_sub(n * BUNDLE).min(BUNDLE)),
            None if n < self.sealed()? || self.has_open_behind(n)? => Ok(BUNDLE),
            None => Ok(0),
        }
    }

    /// Whether an unsealed bundle behind `n` has an entry; a file without any may be there early.
    fn has_open_behind(&self, n: u64) -> Result<bool, Error> {
        for later in self.open_numbers()?.into_iter().filter(|later| *later > n) {
            let bytes = self.file(&open_entries(later))?.unwrap_or_default();
            if Frames::new(&bytes).next().is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The entries from `first` on, with their indices. Bytes that are not an entry are an error, and the next follow.
    pub fn entries(&self, first: u64) -> impl Iterator<Item = Result<(u64, Entry), Error>> + '_ {
        self.raw(first).map(|item| {
            let (index, bytes) = item?;
            let what = "the bytes are not an entry";
            let bad = |_| Error::Corrupt { file: sealed_entries(index / BUNDLE), offset: 0, index, what };
            Entry::parse(&bytes).map(|entry| (index, entry)).map_err(bad)
        })
    }
}

type Entries = Vec<(u64, Entry)>;
type Raw = Result<(u64, Vec<u8>), Error>;

fn split(n: u64, bytes: &[u8]) -> Vec<Raw> {
    let mut frames = Frames::new(bytes);
    let walk = frames.by_ref().take(BUNDLE as usize);
    let mut items: Vec<Raw> =
        (n * BUNDLE..).zip(walk).map(|(index, frame)| Ok((index, frame.body.to_vec()))).collect();
    let end = frames.at();
    if Tail::of(&bytes[end..]) == Tail::Bad {
        let (offset, index) = (end as u64, n * BUNDLE + items.len() as u64);
        let what = "no complete frame";
        items.push(Err(Error::Corrupt { file: sealed_entries(n), offset, index, what }));
    }
    items
}

/// An entry that is not there, and others behind it are.
fn hole(index: u64) -> Error {
    let what = "the file is missing or too short";
    Error::Corrupt { file: sealed_entries(index / BUNDLE), offset: 0, index, what }
}
