//! Where the entries of a log and their hashes lie now: at their paths, in the agent's own files, or, in a copy of what
//! was published, in partial ones.
//!
//! Beside a live writer a bundle moves between two looks, so that each is looked for again where it has gone.

use std::sync::atomic::Ordering;

use crate::{
    Error, Reader, TilePath, WIDTH,
    frame::Frames,
    hash::Hash,
    layout::{OPEN, SEALED, below_tiles, open_entries, open_hashes, open_number, sealed_entries, tile},
    partial_tiles, sealed,
    tile::stored,
};

impl Reader {
    /// One more than the number of the last sealed bundle.
    pub(crate) fn sealed(&self) -> Result<u64, Error> {
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

    pub(crate) fn exists(&self, path: &str) -> Result<bool, Error> {
        self.dir.exists(path).map_err(Error::io(path))
    }

    pub(crate) fn file(&self, path: &str) -> Result<Option<Vec<u8>>, Error> {
        self.dir.read(path).map_err(Error::io(path))
    }

    /// Whether this is a copy of what was published: then files may be of later entries, too.
    pub(crate) fn is_copy(&self) -> bool {
        self.published.is_some()
    }

    /// How much of a bundle the checkpoint covers that came with a copy, if not all of it.
    fn partial(&self, n: u64) -> Option<u16> {
        let size = self.published.filter(|size| partial_tiles::number(*size, 0) == n)?;
        Some(partial_tiles::width(size, 0))
    }

    /// The file that holds bundle `n`, wherever it is now, as it is: whole frames, and what may stand behind them.
    pub fn bundle_file(&self, n: u64) -> Result<Option<Vec<u8>>, Error> {
        let found = self.wherever(n, |path| self.file(path))?;
        Ok(found.map(|mut bytes| {
            if let Some(end) = self.partial(n).and_then(|width| end_of(&bytes, width)) {
                bytes.truncate(end);
            }
            bytes
        }))
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
        for path in [sealed_entries(n), self.unsealed(n), sealed_entries(n)] {
            if let Some(found) = read(&path)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// A bundle that has no file at its path: the agent's open one, or the published beginning.
    fn unsealed(&self, n: u64) -> String {
        match self.partial(n) {
            Some(width) => below_tiles(TilePath::Entries { n, width }),
            None => open_entries(n),
        }
    }

    /// The bundles that have a file in `open/`, empty or not.
    pub(crate) fn open_numbers(&self) -> Result<Vec<u64>, Error> {
        if self.published.is_some() {
            return Ok(Vec::new());
        }
        let names = self.dir.names(OPEN).map_err(Error::io(OPEN))?;
        Ok(names.iter().filter_map(|name| open_number(name)).collect())
    }

    /// Whether bundle `n` has not reached its tile path: its tiles may not be there yet.
    pub fn is_open(&self, n: u64) -> Result<bool, Error> {
        Ok(!self.exists(&sealed_entries(n))?)
    }

    /// The leaf hashes stored for bundle `n`, sealed or open, as they are. What has one there is durable.
    pub fn stored_leaves(&self, n: u64) -> Result<Option<Vec<Hash>>, Error> {
        let partial = self.partial(n);
        let kept = match partial {
            Some(width) => below_tiles(TilePath::Tile { level: 0, n, width }),
            None => open_hashes(n),
        };
        let found = match self.file(&tile(0, n))? {
            None => match self.file(&kept)? {
                None => self.file(&tile(0, n))?,
                found => found,
            },
            found => found,
        };
        // The full tile of a copy may be of later entries, too.
        let width = usize::from(partial.unwrap_or(WIDTH));
        Ok(found.map(|bytes| stored(&bytes).iter().take(width).copied().collect()))
    }
}

/// Where so many frames end.
fn end_of(bytes: &[u8], width: u16) -> Option<usize> {
    let mut frames = Frames::new(bytes);
    let found = frames.by_ref().take(width.into()).count();
    (found == usize::from(width)).then(|| frames.at())
}
