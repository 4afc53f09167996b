//! The door: open while the front serves, and shut once it stops. Whoever is inside is let out with an answer.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::flight::Gates;

/// How long a stopping front waits for answers that are on their way.
const DRAIN: Duration = Duration::from_secs(5);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(1);

/// Counts the requests that are being answered.
#[derive(Debug, Default)]
pub struct Door {
    shut: AtomicBool,
    inside: AtomicUsize,
}

/// One request inside.
pub(super) struct Inside<'a>(&'a Door);

impl Door {
    /// Lets a request in, unless the door is shut.
    pub(super) fn enter(&self) -> Option<Inside<'_>> {
        self.inside.fetch_add(1, Ordering::SeqCst);
        let inside = Inside(self);
        (!self.is_shut()).then_some(inside)
    }

    /// Whether the front is stopping.
    pub(crate) fn is_shut(&self) -> bool {
        self.shut.load(Ordering::SeqCst)
    }

    /// Shuts the door and waits, within bounds, until everyone is out and every answer was written.
    pub async fn drain(&self, gates: &Gates) {
        self.shut.store(true, Ordering::SeqCst);
        let deadline = Instant::now() + DRAIN;
        while (self.inside.load(Ordering::SeqCst) > 0 || gates.aloft() > 0) && Instant::now() < deadline {
            sleep(LOOK).await;
        }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::SeqCst);
    }
}
