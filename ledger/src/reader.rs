//! Reads a log, whole or beside its live writer. It takes no lock and writes nothing.
//!
//! It trusts nothing that it can compute: partial tiles and tiles that are not there yet are made from the entries.
//! It sees bytes before they are durable; whoever serves them inside the agent bounds them by `Ledger::size`.

use std::{
    path::Path,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::{
    Entry, Error, TilePath, WIDTH,
    dir::Dir,
    frame::{Frames, Tail},
    hash::{Hash, leaf_hash},
    layout::{BUNDLE, OPEN, SEALED, open_entries, open_hashes, open_number, sealed_entries, tile},
    lifecycle_index::LifecycleIndex,
    sealed, tile as tiles,
};

/// A read-only view of a log.
#[derive(Debug)]
pub struct Reader {
    pub(crate) dir: Dir,
    /// How many bundles were seen sealed. It only rises.
    sealed: AtomicU64,
}

impl Reader {
    /// Opens the log in `dir`; a directory that holds none is an error, not an empty log.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let reader = Dir::open(dir).map(Self::on).map_err(Error::io(&dir.to_string_lossy()))?;
        reader.dir.names(SEALED).map_err(Error::io(SEALED))?;
        Ok(reader)
    }

    pub(crate) fn on(dir: Dir) -> Self {
        Self { dir, sealed: AtomicU64::new(0) }
    }

    /// How many whole entries there are.
    pub fn size(&self) -> Result<u64, Error> {
        let mut number = self.sealed()?;
        loop {
            let frames = self.open_file(number)?.map(|bytes| Frames::new(&bytes).count() as u64);
            match frames {
                Some(BUNDLE..) => number += 1,
                // It was sealed between two looks.
                None if self.exists(&sealed_entries(number))? => number += 1,
                frames => return Ok(number * BUNDLE + frames.unwrap_or(0)),
            }
        }
    }

    /// One more than the number of the last sealed bundle.
    fn sealed(&self) -> Result<u64, Error> {
        let mut sealed = self.sealed.load(Ordering::Relaxed);
        if sealed == 0 {
            let mut numbers = Vec::new();
            sealed::list(&self.dir, SEALED, 0, &mut numbers)?;
            sealed = numbers.into_iter().max().map_or(0, |last| last + 1);
        }
        while self.exists(&sealed_entries(sealed))? {
            sealed += 1;
        }
        self.sealed.fetch_max(sealed, Ordering::Relaxed);
        Ok(sealed)
    }

    fn exists(&self, path: &str) -> Result<bool, Error> {
        self.dir.exists(path).map_err(Error::io(path))
    }

    fn file(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        self.dir.read(path).map_err(Error::io(path))
    }

    fn open_file(&self, n: u64) -> Result<Option<Vec<u8>>, Error> {
        self.file(&open_entries(n))
    }

    /// The file that holds bundle `n`, wherever it is now, as it is: whole frames, and what may stand behind them.
    pub fn bundle_file(&self, n: u64) -> Result<Option<Vec<u8>>, Error> {
        self.wherever(n, |path| self.file(path))
    }

    /// The entries of bundle `n` whose frames begin at these bytes of its file; nothing where no whole frame does. It is
    /// for who knows where they are, and has to hash them: a byte that is no frame's beginning may look like one.
    pub fn entries_at(&self, n: u64, offsets: &[u32]) -> Result<Vec<Option<Vec<u8>>>, Error> {
        let read = |path: &str| self.dir.frames_at(path, offsets).map_err(Error::io(path));
        self.wherever(n, read).map(Option::unwrap_or_default)
    }

    /// What is read from the file of bundle `n`, which may be sealed between two looks.
    fn wherever<T>(
        &self,
        n: u64,
        read: impl Fn(&str) -> Result<Option<T>, Error>,
    ) -> Result<Option<T>, Error> {
        for path in [sealed_entries(n), open_entries(n), sealed_entries(n)] {
            if let Some(found) = read(&path)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The bundles that have a file in `open/`, empty or not.
    pub(crate) fn open_numbers(&self) -> Result<Vec<u64>, Error> {
        let names = self.dir.names(OPEN).map_err(Error::io(OPEN))?;
        Ok(names.iter().filter_map(|name| open_number(name)).collect())
    }

    /// Whether bundle `n` has not reached its tile path: its tiles may not be there yet.
    pub(crate) fn is_open(&self, n: u64) -> Result<bool, Error> {
        Ok(!self.exists(&sealed_entries(n))?)
    }

    /// The leaf hashes stored for bundle `n`, sealed or open, as they are. What has one there is durable.
    pub fn stored_leaves(&self, n: u64) -> Result<Option<Vec<Hash>>, Error> {
        let found = match self.file(&tile(0, n))? {
            None => match self.file(&open_hashes(n))? {
                None => self.file(&tile(0, n))?,
                found => found,
            },
            found => found,
        };
        Ok(found.map(|bytes| tiles::stored(&bytes).to_vec()))
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

    /// The stored bytes of the entries from `first` on, with their indices.
    pub fn raw(&self, first: u64) -> impl Iterator<Item = Result<(u64, Vec<u8>), Error>> + '_ {
        let first_bundle = first / BUNDLE;
        let bundles =
            (first_bundle..).map_while(move |n| self.bundle_file(n).transpose().map(|bytes| (n, bytes)));
        bundles.flat_map(split).skip_while(move |item| matches!(item, Ok((index, _)) if *index < first))
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

fn split((n, bytes): (u64, Result<Vec<u8>, Error>)) -> Vec<Raw> {
    match bytes {
        Ok(bytes) => {
            let mut frames = Frames::new(&bytes);
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
        Err(error) => vec![Err(error)],
    }
}
