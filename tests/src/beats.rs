//! Time as a busy machine lets it pass: counted by a thread that sleeps for short moments, as everything else waits its turn.
//!
//! Never more than the wall clock, and less where processes wait for the machine: so that a bound on what a wait may take follows from
//! its cause, and not from how busy the machine is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long it sleeps at a time.
const BEAT: Duration = Duration::from_millis(10);

/// Beats since it was started.
pub struct Beats {
    counted: Arc<AtomicU32>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Beats {
    pub fn start() -> Self {
        let (counted, over) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
        let (beats, ends) = (Arc::clone(&counted), Arc::clone(&over));
        let thread = thread::spawn(move || {
            while !ends.load(Ordering::Relaxed) {
                thread::sleep(BEAT);
                beats.fetch_add(1, Ordering::Relaxed);
            }
        });
        Self { counted, over, thread: Some(thread) }
    }

    /// How long that was, had no beat been late.
    pub fn passed(&self) -> Duration {
        BEAT * self.counted.load(Ordering::Relaxed)
    }
}

impl Drop for Beats {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
