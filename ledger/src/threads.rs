//! The two threads of an open ledger, and what they share with whoever asks.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
};

use crate::{
    Error, Recovered, dir::Dir, lock::Lock, queue::Queue, recovery::Ready, right_edge::RightEdge,
    seal_progress::SealProgress, sealer::Sealer, writer::Writer,
};

/// What is durable, and what waits to be.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) dir: Arc<Dir>,
    pub(crate) queue: Arc<Queue>,
    size: Arc<AtomicU64>,
    edge: Arc<Mutex<RightEdge>>,
    pub(crate) sealed: Arc<SealProgress>,
}

impl Shared {
    /// As a start found it.
    pub(crate) fn new(dir: Dir, ready: &mut Ready) -> Self {
        Self {
            dir: Arc::new(dir),
            queue: Arc::default(),
            size: Arc::new(AtomicU64::new(ready.recovered.size)),
            edge: Arc::new(Mutex::new(std::mem::take(&mut ready.edge))),
            sealed: Arc::new(SealProgress::at(ready.bundle.number())),
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size.load(Ordering::Acquire)
    }

    pub(crate) fn set_size(&self, size: u64) {
        self.size.store(size, Ordering::Release);
    }

    pub(crate) fn edge(&self) -> MutexGuard<'_, RightEdge> {
        self.edge.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Started = (Vec<JoinHandle<()>>, Recovered);

/// Both threads hold the lock: it is free only when neither can write any more.
pub(crate) fn spawn(ready: Ready, lock: Lock, shared: &Shared) -> Result<Started, Error> {
    let lock = Arc::new(lock);
    let prepared = Arc::new(AtomicU64::new(ready.bundle.number() + 1));
    let (sender, receiver) = mpsc::channel();
    let sealer = Sealer {
        shared: shared.clone(),
        prepared: Arc::clone(&prepared),
        marks: ready.marks,
        unmarked: ready.unmarked,
        _lock: Arc::clone(&lock),
    };
    let writer = Writer {
        shared: shared.clone(),
        bundle: ready.bundle,
        reserve: ready.reserve,
        sealer: sender,
        prepared,
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
