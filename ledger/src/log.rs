//! The ledger as its one writer sees it: open, record, close.
//!
//! Dropping it writes what waits, then joins both threads and gives the lock back.

use std::{
    fmt,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
};

use crate::{
    DurableEntry, Entry, Error, Growth, Reader, Recovered, TreeHead,
    dir::Dir,
    lock::Lock,
    proof::consistency,
    queue::{Job, Queue},
    recovery::{Ready, recover},
    right_edge::RightEdge,
    sealer::Sealer,
    writer::Writer,
};

/// An open ledger. Records are answered from its writer thread.
pub struct Ledger {
    dir: Arc<Dir>,
    queue: Arc<Queue>,
    size: Arc<AtomicU64>,
    edge: Arc<Mutex<RightEdge>>,
    threads: Vec<JoinHandle<()>>,
}

impl Ledger {
    /// Opens and recovers the ledger in `dir`, making it where there is none. Start-up reads only what it must.
    pub fn open(dir: &Path) -> Result<(Self, Recovered), Error> {
        let dir = Dir::create(dir).map_err(Error::io(&dir.to_string_lossy()))?;
        dir.make_private().map_err(Error::io("."))?;
        let lock = Lock::take(&dir)?;
        let ready = recover(&dir)?;
        let (dir, queue) = (Arc::new(dir), Arc::new(Queue::default()));
        let size = Arc::new(AtomicU64::new(ready.recovered.size));
        let edge = Arc::new(Mutex::new(RightEdge::new(ready.tree.clone())));
        let (threads, recovered) = spawn(ready, lock, &dir, &queue, &size, &edge)?;
        Ok((Self { dir, queue, size, edge, threads }, recovered))
    }

    /// Appends the entry and calls `done` once it is durable, or at once where that cannot be. Never blocks.
    ///
    /// `done` runs on the writer thread (or, when refused at once, on this one): it must be short and must not block.
    pub fn record(&self, entry: Entry, done: impl FnOnce(Result<DurableEntry, Error>) + Send + 'static) {
        self.queue.push(Job::new(entry, Box::new(done)));
    }

    /// As [`Ledger::record`], but in no hurry: the entry may wait for the next one that somebody waits for, or for
    /// [`Ledger::flush`]. One fdatasync then serves many entries that were begun at different times.
    pub fn record_lazily(
        &self,
        entry: Entry,
        done: impl FnOnce(Result<DurableEntry, Error>) + Send + 'static,
    ) {
        self.queue.push_lazily(Job::new(entry, Box::new(done)));
    }

    /// Makes everything durable that was recorded so far.
    pub fn flush(&self) {
        self.queue.flush();
    }

    /// How many entries are durable.
    pub fn size(&self) -> u64 {
        self.size.load(Ordering::Acquire)
    }

    /// Size and root of what is durable. A moment behind [`Ledger::size`]: whoever waits for an entry is told first.
    pub fn head(&self) -> TreeHead {
        self.edge().head()
    }

    /// How the log grew since it had `size` entries: what a checkpoint may say now, and that it only adds to the one of
    /// then. From a size that was told here last it costs no reading; from another, as after a start, a few tiles.
    pub fn growth_since(&self, size: u64) -> Result<Growth, Error> {
        let (now, known) = {
            let mut edge = self.edge();
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
        let tree = self.edge().mark();
        let reader = self.reader()?;
        let (earlier, since) = (reader.tree_at(size)?, reader.range(size, tree.size())?);
        let growth = Growth { from: earlier.head(), to: tree.head(), proof: consistency(&earlier, &since) };
        self.edge().mark_earlier(earlier, since);
        Ok(growth)
    }

    fn edge(&self) -> MutexGuard<'_, RightEdge> {
        self.edge.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A reader of this ledger, on the same directory descriptor. It may see entries that are not durable yet: serve
    /// nothing at or above [`Ledger::size`].
    pub fn reader(&self) -> Result<Reader, Error> {
        self.dir.again().map(Reader::on).map_err(Error::io("."))
    }
}

type Started = (Vec<JoinHandle<()>>, Recovered);

/// Both threads hold the lock: it is free only when neither can write any more.
fn spawn(
    ready: Ready,
    lock: Lock,
    dir: &Arc<Dir>,
    queue: &Arc<Queue>,
    size: &Arc<AtomicU64>,
    edge: &Arc<Mutex<RightEdge>>,
) -> Result<Started, Error> {
    let lock = Arc::new(lock);
    let prepared = Arc::new(AtomicU64::new(ready.bundle.number() + 1));
    let (sender, receiver) = mpsc::channel();
    let sealer = Sealer {
        dir: Arc::clone(dir),
        prepared: Arc::clone(&prepared),
        queue: Arc::clone(queue),
        marks: ready.marks,
        unmarked: ready.unmarked,
        _lock: Arc::clone(&lock),
    };
    let writer = Writer {
        dir: Arc::clone(dir),
        queue: Arc::clone(queue),
        bundle: ready.bundle,
        reserve: ready.reserve,
        sealer: sender,
        prepared,
        size: Arc::clone(size),
        edge: Arc::clone(edge),
        state: ready.state,
        buffer: Vec::new(),
        _lock: lock,
    };
    let threads = vec![
        thread_named("ledger-writer", move || writer.run())?,
        thread_named("ledger-sealer", move || sealer.run(receiver))?,
    ];
    Ok((threads, ready.recovered))
}

fn thread_named(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Error> {
    thread::Builder::new().name(name.to_owned()).spawn(run).map_err(|error| {
        let errno = error.raw_os_error().unwrap_or_default();
        Error::Io { file: name.to_owned(), errno: rustix::io::Errno::from_raw_os_error(errno) }
    })
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.queue.close();
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
