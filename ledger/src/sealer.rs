//! The second thread: moves full bundles to their tile paths and makes the next files ready.
//!
//! The writer never waits for it. A bundle that could not be moved (disk full) is tried again with the next one; at a
//! start, recovery does what a kill left undone. Tiles are put in place before their entries, so that a reader who
//! finds a sealed bundle finds its hashes. Marks come last, and only over what is durable. What the disk does not confirm
//! ends the ledger, as it does for the writer.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::Receiver,
    },
};

use crate::{
    Error,
    dir::Dir,
    error::Failed,
    hash::Hash,
    layout::{BUNDLE, OPEN, folders_above, open_entries, open_hashes, sealed_entries, tile},
    lifecycle_index::LifecycleIndex,
    lock::Lock,
    threads::Shared,
    tile::{complete_with, publish_parents},
};

/// How many empty files stand ready behind the open bundle.
const AHEAD: u64 = 4;

/// How many bundles are sealed between two writes of the marks: what a start has to read and write again.
const MARK_EVERY: u64 = 16;

/// A bundle whose 256 entries are durable.
pub(crate) struct Full {
    pub(crate) number: u64,
    pub(crate) leaves: Vec<Hash>,
    /// Indices of its lifecycle and posture entries.
    pub(crate) state: Vec<u64>,
}

pub(crate) struct Sealer {
    pub(crate) shared: Shared,
    /// Open files below this number exist durably.
    pub(crate) prepared: Arc<AtomicU64>,
    pub(crate) marks: LifecycleIndex,
    /// Sealed since the marks were written.
    pub(crate) unmarked: LifecycleIndex,
    pub(crate) _lock: Arc<Lock>,
}

impl Sealer {
    pub(crate) fn run(mut self, from: Receiver<Full>) {
        if let Err(Failed::Unconfirmed(errno)) = self.seal_while_confirmed(&from) {
            self.shared.queue.poison(errno);
        }
    }

    /// What the disk refuses is tried again later.
    fn seal_while_confirmed(&mut self, from: &Receiver<Full>) -> Result<(), Failed> {
        let mut pending = Vec::new();
        unless_refused(self.prepare(self.prepared.load(Ordering::Acquire)))?;
        // A start that had much to write again need not be repeated.
        self.mark_if_due()?;
        while let Ok(full) = from.recv() {
            pending.push(full);
            pending.extend(from.try_iter());
            if let Some(last) = pending.last() {
                unless_refused(self.prepare(last.number + 1))?;
            }
            self.seal_all(&mut pending);
            self.mark_if_due()?;
        }
        self.seal_all(&mut pending);
        self.mark()
    }

    /// Makes the files from `first` on exist, durably. Lower ones may be sealed already and must not come back.
    fn prepare(&self, first: u64) -> Result<(), Failed> {
        let until = first + AHEAD;
        for number in self.prepared.load(Ordering::Acquire).max(first)..until {
            self.shared.dir.read_write(&open_entries(number))?;
            self.shared.dir.read_write(&open_hashes(number))?;
        }
        self.shared.dir.sync_folder(OPEN)?;
        self.prepared.store(until, Ordering::Release);
        Ok(())
    }

    fn seal_all(&mut self, pending: &mut Vec<Full>) {
        let done = pending
            .iter()
            .take_while(|full| seal(&self.shared.dir, full.number, &full.leaves).is_ok())
            .count();
        for full in pending.drain(..done) {
            self.unmarked.size = (full.number + 1) * BUNDLE;
            self.unmarked.lifecycle.extend(full.state);
            self.shared.sealed.reached(full.number + 1);
        }
    }

    fn mark_if_due(&mut self) -> Result<(), Failed> {
        let is_due = self.unmarked.size >= self.marks.size + MARK_EVERY * BUNDLE;
        if is_due { unless_refused(self.mark()) } else { Ok(()) }
    }

    /// Makes the names of what was sealed durable, then says so in the marks: no start has to read or write it again.
    fn mark(&mut self) -> Result<(), Failed> {
        if self.unmarked.size == self.marks.size {
            return Ok(());
        }
        let mut folders = BTreeSet::from([OPEN.to_owned()]);
        for number in self.marks.size / BUNDLE..self.unmarked.size / BUNDLE {
            folders.extend(folders_above(&tile(0, number)));
            folders.extend(folders_above(&sealed_entries(number)));
            for (level, parent) in complete_with(number) {
                folders.extend(folders_above(&tile(level, parent)));
            }
        }
        folders.iter().try_for_each(|folder| self.shared.dir.sync_folder(folder))?;
        self.unmarked.store(&self.shared.dir)?;
        self.marks.size = self.unmarked.size;
        Ok(())
    }
}

fn unless_refused(done: Result<(), Failed>) -> Result<(), Failed> {
    match done {
        Err(Failed::Refused(_)) => Ok(()),
        done => done,
    }
}

/// Puts a full bundle and its tiles in place. Doing it again after a kill at any point changes nothing.
pub(crate) fn seal(dir: &Dir, number: u64, leaves: &[Hash]) -> Result<(), Error> {
    let (entries, hashes) = (open_entries(number), open_hashes(number));
    let (sealed, leaf_tile) = (sealed_entries(number), tile(0, number));
    let placed = dir.make_parents(&leaf_tile).and_then(|()| dir.replace(&leaf_tile, leaves.as_flattened()));
    placed.and_then(|()| dir.remove(&hashes)).map_err(Error::io(&leaf_tile))?;
    publish_parents(dir, number)?;
    dir.make_parents(&sealed).and_then(|()| dir.rename(&entries, &sealed)).map_err(Error::io(&sealed))
}
