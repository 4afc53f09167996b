//! How many bundles have reached their paths: the sealer says so, and who publishes a checkpoint waits for it.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

#[derive(Debug)]
pub(crate) struct SealProgress {
    count: Mutex<u64>,
    grown: Condvar,
}

impl SealProgress {
    pub(crate) fn at(count: u64) -> Self {
        Self { count: Mutex::new(count), grown: Condvar::new() }
    }

    /// All bundles below this number are at their paths.
    pub(crate) fn reached(&self, count: u64) {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner) = count;
        self.grown.notify_all();
    }

    /// Whether so many are there within this time.
    pub(crate) fn wait_for(&self, count: u64, time: Duration) -> bool {
        let held = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.grown.wait_timeout_while(held, time, |reached| *reached < count);
        *waited.unwrap_or_else(PoisonError::into_inner).0 >= count
    }
}
