//! A line for each kind that is done, with the time that the others will take.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tests::faults::Row;

/// How far all the work is.
pub(crate) struct Progress {
    begun: Instant,
    kinds: u32,
    done: AtomicU32,
}

impl Progress {
    pub(crate) fn of(kinds: usize) -> Self {
        Self { begun: Instant::now(), kinds: u32::try_from(kinds).unwrap(), done: AtomicU32::new(0) }
    }

    /// One more kind: says so.
    pub(crate) fn done(&self, row: &Row) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let gone = self.begun.elapsed();
        // As if every kind took the same time.
        let left = gone * (self.kinds - done) / done;
        let bounds = if row.holds() { "within bounds" } else { "OUT OF BOUNDS" };
        let Row { kind, runs, recovery_s_max: recovery, .. } = row;
        eprintln!(
            "[{done:>3}/{}, {} gone, about {} to go] {kind}: {runs} times, {bounds}, back in {recovery:.2} s",
            self.kinds,
            text(gone),
            text(left)
        );
    }
}

fn text(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}
