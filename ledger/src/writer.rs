//! The writer thread: takes all that waits, writes it with one write and one fdatasync, then answers.
//!
//! Nobody gets a `DurableEntry` before fdatasync returned on a file that still has its name. A refused write costs only those who waited for it; a failed fdatasync,
//! or fsync of the folder of open files, ends the ledger, because the kernel may have dropped the pages and a second try would lie. A batch never straddles two
//! bundles: it is split there and each part is synced and answered by itself.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
    mpsc::Sender,
};

use jiff::Timestamp;
use rustix::io::{Errno, Result};

use crate::{
    DurableEntry, Error,
    bundle::OpenBundle,
    error::Failed,
    frame::{Frames, encode},
    hash::leaf_hash,
    layout::{BUNDLE, OPEN},
    lock::Lock,
    queue::Job,
    reserve::{Reserve, is_no_space},
    sealer::Full,
    threads::Shared,
};

pub(crate) struct Writer {
    pub(crate) shared: Shared,
    pub(crate) bundle: OpenBundle,
    pub(crate) reserve: Reserve,
    pub(crate) sealer: Sender<Full>,
    pub(crate) prepared: Arc<AtomicU64>,
    /// Indices of the lifecycle and posture entries in the open bundle.
    pub(crate) state: Vec<u64>,
    pub(crate) buffer: Vec<u8>,
    pub(crate) _lock: Arc<Lock>,
}

impl Writer {
    pub(crate) fn run(mut self) {
        let mut jobs = Vec::new();
        while self.shared.queue.take(&mut jobs) {
            let mut waiting = jobs.drain(..).peekable();
            while waiting.peek().is_some() {
                let batch = waiting.by_ref().take(self.room()).collect();
                if let Err(errno) = self.commit(batch) {
                    waiting.for_each(|job| job.answer(Err(Error::Fatal(errno))));
                    return self.shared.queue.poison(errno);
                }
            }
        }
    }

    /// A full bundle is turned over by the next write.
    fn room(&self) -> usize {
        match self.bundle.room() {
            0 => BUNDLE as usize,
            room => room,
        }
    }

    fn commit(&mut self, batch: Vec<Job>) -> Result<()> {
        let batch = self.admit(batch);
        let mut batch = self.encode(batch);
        let mut written = self.append();
        if let Err(Failed::Refused(errno)) = written {
            batch = self.encode(refuse_ordinary(batch, errno));
            written = self.append_from_reserve(errno);
        }
        let confirmed = match written {
            Ok(()) if batch.is_empty() => return Ok(()),
            Ok(()) => self.bundle.sync().and_then(|()| self.bundle.stands(&self.shared.dir)),
            Err(Failed::Refused(errno)) => {
                answer_all(batch, &Error::Unavailable(errno));
                return Ok(());
            }
            Err(Failed::Unconfirmed(errno)) => Err(errno),
        };
        match confirmed {
            Ok(()) => self.accept(batch),
            Err(errno) => {
                // Nobody was told of these entries. The kernel may drop their pages one by one while the next start waits for
                // the disk, and what is left of them would then look like damage.
                let _ = self.bundle.cut();
                answer_all(batch, &Error::Fatal(errno));
                Err(errno)
            }
        }
    }

    /// While the reserve is not whole, ordinary entries would live on it.
    fn admit(&mut self, batch: Vec<Job>) -> Vec<Job> {
        let is_ordinary = |job: &Job| !job.entry.kind.may_use_reserve();
        if self.reserve.is_whole() || !batch.iter().any(is_ordinary) {
            return batch;
        }
        match self.reserve.refill() {
            Ok(()) => batch,
            Err(errno) => refuse_ordinary(batch, errno),
        }
    }

    fn encode(&mut self, batch: Vec<Job>) -> Vec<Job> {
        self.buffer.clear();
        let now = Timestamp::now();
        let mut fits = Vec::with_capacity(batch.len());
        for mut job in batch {
            job.entry.time = Some(now);
            match encode(&job.entry, &mut self.buffer) {
                Ok(()) => fits.push(job),
                Err(error) => job.answer(Err(error)),
            }
        }
        fits
    }

    fn append(&mut self) -> std::result::Result<(), Failed> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        if self.bundle.room() == 0 {
            self.turn()?;
        }
        Ok(self.bundle.write(&self.buffer)?)
    }

    fn append_from_reserve(&mut self, mut errno: Errno) -> std::result::Result<(), Failed> {
        while !self.buffer.is_empty() {
            if !is_no_space(errno) || !self.reserve.give_back() {
                return Err(Failed::Refused(errno));
            }
            match self.append() {
                Err(Failed::Refused(again)) => errno = again,
                done => return done,
            }
        }
        Ok(())
    }

    /// The answers go first; hashes can be computed again and nobody waits for them.
    fn accept(&mut self, batch: Vec<Job>) -> Result<()> {
        let first = self.bundle.next_index();
        self.shared.set_size(first + batch.len() as u64);
        for (job, index) in batch.into_iter().zip(first..) {
            if job.entry.kind.is_state() {
                self.state.push(index);
            }
            job.answer(Ok(DurableEntry::new(index)));
        }
        let leaves: Vec<_> = Frames::new(&self.buffer).map(|frame| leaf_hash(frame.body)).collect();
        self.shared.edge().extend(&leaves);
        self.bundle.accept(self.buffer.len(), leaves.into_iter());
        self.bundle.keep_hashes();
        if self.bundle.room() > 0 {
            return Ok(());
        }
        match self.turn() {
            // What the disk refuses, the next write tries again and tells its waiters.
            Ok(()) | Err(Failed::Refused(_)) => Ok(()),
            Err(Failed::Unconfirmed(errno)) => Err(errno),
        }
    }

    fn turn(&mut self) -> std::result::Result<(), Failed> {
        let number = self.bundle.number() + 1;
        let next = OpenBundle::create(&self.shared.dir, number)?;
        if number >= self.prepared.load(Ordering::Acquire) {
            self.shared.dir.sync_folder(OPEN)?;
        }
        let full = std::mem::replace(&mut self.bundle, next);
        let (number, state) = (full.number(), std::mem::take(&mut self.state));
        // The sealer outlives the writer; without it recovery seals.
        let _ = self.sealer.send(Full { number, leaves: full.into_leaves(), state });
        Ok(())
    }
}

fn refuse_ordinary(batch: Vec<Job>, errno: Errno) -> Vec<Job> {
    let (may_use_reserve, ordinary): (Vec<_>, Vec<_>) =
        batch.into_iter().partition(|job| job.entry.kind.may_use_reserve());
    answer_all(ordinary, &Error::Unavailable(errno));
    may_use_reserve
}

fn answer_all(batch: Vec<Job>, error: &Error) {
    batch.into_iter().for_each(|job| job.answer(Err(error.clone())));
}
