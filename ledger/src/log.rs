//! The ledger as its one writer sees it: open, record, close.
//!
//! Dropping it writes what waits, then joins both threads and gives the lock back.

use std::{
    fmt,
    path::Path,
    sync::Arc,
    thread::{self, JoinHandle},
};

use crate::{
    DurableEntry, Entry, Error, Growth, Reader, Recovered, SignedCheckpoint, TreeHead,
    dir::Dir,
    lock::Lock,
    proof::consistency,
    publication::Publication,
    queue::Job,
    recovery::recover,
    threads::{Shared, spawn},
};

/// An open ledger. Records are answered from its writer thread.
pub struct Ledger {
    shared: Shared,
    publication: Publication,
    threads: Vec<JoinHandle<()>>,
}

impl Ledger {
    /// Opens and recovers the ledger in `dir`, making it where there is none. Start-up reads only what it must.
    pub fn open(dir: &Path) -> Result<(Self, Recovered), Error> {
        let dir = Dir::create(dir).map_err(Error::io(&dir.to_string_lossy()))?;
        dir.make_private().map_err(Error::io("."))?;
        let lock = Lock::take(&dir)?;
        let mut ready = recover(&dir)?;
        let shared = Shared::new(dir, &mut ready);
        let publication = Publication::new(&shared, ready.recovered.checkpoint.clone());
        let (threads, recovered) = spawn(ready, lock, &shared)?;
        Ok((Self { shared, publication, threads }, recovered))
    }

    /// Appends the entry and calls `done` once it is durable, or at once where that cannot be. Never blocks.
    ///
    /// `done` runs on the writer thread (or, when refused at once, on this one): it must be short and must not block.
    pub fn record(&self, entry: Entry, done: impl FnOnce(Result<DurableEntry, Error>) + Send + 'static) {
        self.shared.queue.push(Job::new(entry, Box::new(done)));
    }

    /// As [`Ledger::record`], but in no hurry: the entry may wait for the next one that somebody waits for, or for
    /// [`Ledger::flush`]. One fdatasync then serves many entries that were begun at different times.
    pub fn record_lazily(
        &self,
        entry: Entry,
        done: impl FnOnce(Result<DurableEntry, Error>) + Send + 'static,
    ) {
        self.shared.queue.push_lazily(Job::new(entry, Box::new(done)));
    }

    /// Makes everything durable that was recorded so far.
    pub fn flush(&self) {
        self.shared.queue.flush();
    }

    /// How many entries are durable.
    pub fn size(&self) -> u64 {
        self.shared.size()
    }

    /// Size and root of what is durable. A moment behind [`Ledger::size`]: whoever waits for an entry is told first.
    pub fn head(&self) -> TreeHead {
        self.shared.edge().head()
    }

    /// How the log grew since it had `size` entries: what a checkpoint may say now, and that it only adds to the one of
    /// then. From a size that was told here last it costs no reading; from another, as after a start, a few tiles.
    pub fn growth_since(&self, size: u64) -> Result<Growth, Error> {
        let (now, known) = {
            let mut edge = self.shared.edge();
            let known = edge.growth_since(size);
            (edge.head(), known)
        };
        match known {
            Some(growth) => Ok(growth),
            None if size > now.size => Err(Error::NotFound),
            None => self.growth_from_tiles(size),
        }
    }

    fn growth_from_tiles(&self, size: u64) -> Result<Growth, Error> {
        let tree = self.shared.edge().mark();
        let reader = self.reader()?;
        let (earlier, since) = (reader.tree_at(size)?, reader.range(size, tree.size())?);
        let growth = Growth { from: earlier.head(), to: tree.head(), proof: consistency(&earlier, &since) };
        self.shared.edge().mark_earlier(earlier, since);
        Ok(growth)
    }

    /// Puts a checkpoint beside the log, with all files that one needs who has nothing but the folder's copy. Its signatures
    /// have been verified; a wrong root, or fewer entries than in the published one, are refused.
    ///
    /// It writes some files and waits for the disk: not for an event loop. Within one bundle that is the entries since it
    /// began and their hashes; what the disk refuses may be tried again.
    pub fn publish(&self, signed: SignedCheckpoint) -> Result<(), Error> {
        let checkpoint = signed.head();
        if checkpoint.size > self.size() {
            return Err(Error::Diverged { checkpoint, log: self.head() });
        }
        let published = self.publication.publish(&self.reader()?, signed);
        if let Err(Error::Fatal(errno)) = published {
            self.shared.queue.poison(errno);
        }
        published
    }

    /// The checkpoint that was published last.
    pub fn checkpoint(&self) -> Option<Arc<SignedCheckpoint>> {
        self.publication.newest()
    }

    /// A reader of this ledger, on the same directory descriptor. It may see entries that are not durable yet: serve
    /// nothing at or above [`Ledger::size`].
    pub fn reader(&self) -> Result<Reader, Error> {
        self.shared.dir.again().map(Reader::on).map_err(Error::io("."))
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.shared.queue.close();
        // The last handle may be dropped by a `done` on the writer thread, which cannot wait for itself.
        let me = thread::current().id();
        if self.threads.iter().all(|thread| thread.thread().id() != me) {
            self.threads.drain(..).for_each(|thread| drop(thread.join()));
        }
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("size", &self.size()).finish_non_exhaustive()
    }
}
