//! A checkpoint put beside the log, so that a copy of the folder, or a web server on it, is the log (C2SP tlog-tiles).
//!
//! First comes all that its size needs: full bundles and tiles at their paths, then the partial ones; then the checkpoint.
//! Each step is durable before the next, so whatever reads the checkpoint finds the rest. Its signatures are not looked
//! at: whoever hands it in has verified them. It is published only if its root is the one that these files have.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    Error, Reader, SignedCheckpoint, TilePath,
    dir::Dir,
    error::Failed,
    layout::{BUNDLE, CHECKPOINT, below_tiles, folders_above, partial_folder, sealed_entries, tile},
    partial_tiles::{self, PartialTiles},
    seal_progress::SealProgress,
    threads::Shared,
    tile::complete_with,
};

/// How long a full bundle may take to its path. It takes milliseconds where the disk has room.
const SEALING: Duration = Duration::from_secs(2);

/// What is published of a log, and who may change it.
#[derive(Debug)]
pub(crate) struct Publication {
    dir: Arc<Dir>,
    sealed: Arc<SealProgress>,
    /// One at a time; the newest is told meanwhile.
    working: Mutex<()>,
    newest: Mutex<Option<Arc<SignedCheckpoint>>>,
}

impl Publication {
    pub(crate) fn new(shared: &Shared, newest: Option<SignedCheckpoint>) -> Self {
        let (dir, sealed) = (Arc::clone(&shared.dir), Arc::clone(&shared.sealed));
        Self { dir, sealed, working: Mutex::default(), newest: Mutex::new(newest.map(Arc::new)) }
    }

    pub(crate) fn newest(&self) -> Option<Arc<SignedCheckpoint>> {
        lock(&self.newest).clone()
    }

    pub(crate) fn publish(&self, reader: &Reader, signed: SignedCheckpoint) -> Result<(), Error> {
        let _working = lock(&self.working);
        let (size, last) = (signed.head().size, self.newest().map_or(0, |newest| newest.head().size));
        if size < last {
            return Err(Error::Older { published: last, offered: size });
        }
        if !self.sealed.wait_for(size / BUNDLE, SEALING) {
            return Err(Error::NotSealed);
        }
        let tiles = agreeing(reader, &signed, last)?;
        self.make_names_durable(last / BUNDLE..size / BUNDLE)?;
        self.write_partial(reader, &tiles, size)?;
        self.remove_replaced(last, size)?;
        self.dir.replace(CHECKPOINT, signed.to_string().as_bytes()).map_err(Error::io(CHECKPOINT))?;
        self.sync(&BTreeSet::from([".".to_owned()]))?;
        *lock(&self.newest) = Some(Arc::new(signed));
        Ok(())
    }

    /// Full bundles and tiles since the last checkpoint were synced before they got their names.
    fn make_names_durable(&self, bundles: std::ops::Range<u64>) -> Result<(), Error> {
        let mut folders = BTreeSet::new();
        for number in bundles {
            folders.extend(folders_above(&sealed_entries(number)));
            folders.extend(folders_above(&tile(0, number)));
            for (level, parent) in complete_with(number) {
                folders.extend(folders_above(&tile(level, parent)));
            }
        }
        self.sync(&folders)
    }

    fn write_partial(&self, reader: &Reader, tiles: &PartialTiles, size: u64) -> Result<(), Error> {
        let mut folders = BTreeSet::new();
        for (path, bytes) in tiles.files() {
            self.write(&path, bytes, &mut folders)?;
        }
        let (n, width) = (partial_tiles::number(size, 0), partial_tiles::width(size, 0));
        if width > 0 {
            let path = below_tiles(TilePath::Entries { n, width });
            self.write(&path, &reader.bundle(n, width)?, &mut folders)?;
        }
        self.sync(&folders)
    }

    /// A file that is there was written for an earlier checkpoint and never changes. Its name may be on no disk yet, where
    /// that publication failed.
    fn write(&self, path: &str, bytes: &[u8], folders: &mut BTreeSet<String>) -> Result<(), Error> {
        folders.extend(folders_above(path));
        if self.dir.exists(path).map_err(Error::io(path))? {
            return Ok(());
        }
        let written = self.dir.make_parents(path).and_then(|()| self.dir.replace(path, bytes));
        written.map_err(Error::io(path))
    }

    /// What has a full tile in its place is asked for there, also by who reads an earlier checkpoint.
    fn remove_replaced(&self, last: u64, size: u64) -> Result<(), Error> {
        for level in partial_tiles::levels(size) {
            for n in partial_tiles::number(last, level)..partial_tiles::number(size, level) {
                let folder = partial_folder(TilePath::Tile { level, n, width: 1 });
                self.dir.remove_folder(&folder).map_err(Error::io(&folder))?;
            }
        }
        for n in last / BUNDLE..size / BUNDLE {
            let folder = partial_folder(TilePath::Entries { n, width: 1 });
            self.dir.remove_folder(&folder).map_err(Error::io(&folder))?;
        }
        Ok(())
    }

    fn sync(&self, folders: &BTreeSet<String>) -> Result<(), Error> {
        for folder in folders {
            self.dir.sync_folder(folder).map_err(|failed| match failed {
                Failed::Refused(errno) => Error::io(folder)(errno),
                Failed::Unconfirmed(errno) => Error::Fatal(errno),
            })?;
        }
        Ok(())
    }
}

/// The partial tiles of the checkpoint's size, if they have its root.
fn agreeing(reader: &Reader, signed: &SignedCheckpoint, last: u64) -> Result<PartialTiles, Error> {
    let head = signed.head();
    let quick = PartialTiles::make(reader, head.size, last)?;
    if quick.tree()?.head() == head {
        return Ok(quick);
    }
    // One that was published may be damaged since.
    let anew = PartialTiles::make(reader, head.size, 0)?;
    let log = anew.tree()?.head();
    if log == head { Ok(anew) } else { Err(Error::Diverged { checkpoint: head, log }) }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
