//! Makes the segments that a log's stretches lack, on all processors.

use std::io;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use ledger::Hash;

use super::{Index, build};
use crate::Log;

/// The most threads: each holds one stretch's terms, some 4 MiB.
const MAX_THREADS: usize = 8;

impl Index {
    /// Makes what is missing for this log; tells how many stretches of how many are done. A stretch with damage gets
    /// none: it is read each time, and then its damage is told.
    pub fn prepare(&self, log: &Log, mut progress: impl FnMut(u64, u64)) -> io::Result<()> {
        let missing = self.missing(log);
        let (next, (tell, told)) = (AtomicUsize::new(0), mpsc::channel());
        let work = || {
            while let Some((k, root)) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                let kept = self.make(log, *k, root);
                let failed = kept.is_err();
                if tell.send(kept).is_err() || failed {
                    break;
                }
            }
        };
        thread::scope(|scope| {
            (0..threads(missing.len())).for_each(|_| {
                scope.spawn(work);
            });
            for done in 1..=missing.len() as u64 {
                told.recv().map_err(io::Error::other)??;
                progress(done, missing.len() as u64);
            }
            Ok(())
        })
    }

    fn missing(&self, log: &Log) -> Vec<(u64, Hash)> {
        let known = (0..log.stretches()).filter_map(|k| log.stretch(k).map(|stretch| (k, stretch.root)));
        known.filter(|(_, root)| self.segment(root).is_none()).collect()
    }

    fn make(&self, log: &Log, k: u64, root: &Hash) -> io::Result<()> {
        match build(log, k) {
            // The tiles say something else than the entries: that is damage, too.
            Ok((made, bytes)) if made == *root => self.keep(root, &bytes),
            _ => Ok(()),
        }
    }
}

fn threads(work: usize) -> usize {
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    work.min(processors).min(MAX_THREADS)
}
