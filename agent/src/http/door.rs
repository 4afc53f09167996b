//! The door: open while the front serves, and shut once it stops. Who is inside by then is let out with an answer, and
//! who waits outside waits for the next front.
//!
//! A stop has a deadline. Shortly before it, whoever waits for a token that is away is sent home, so that there is time
//! to tell.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use crate::flight::Gates;

/// How long a stopping front waits for connections to come to their end.
const DRAIN: Duration = Duration::from_secs(5);
/// How much of that is left when nobody waits for a token any more.
const HURRY: Duration = Duration::from_secs(1);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(1);

/// Counts the connections that are inside.
#[derive(Debug, Default)]
pub struct Door {
    stage: watch::Sender<Stage>,
    inside: Arc<AtomicUsize>,
}

/// How far a stop has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    #[default]
    Open,
    Shut,
    Hurry,
}

/// One connection inside.
pub(super) struct Inside(Arc<AtomicUsize>);

impl Door {
    /// Lets a connection in.
    pub(super) fn enter(&self) -> Inside {
        self.inside.fetch_add(1, Ordering::SeqCst);
        Inside(self.inside.clone())
    }

    /// Whether the front is stopping.
    pub(super) fn is_shut(&self) -> bool {
        *self.stage.borrow() >= Stage::Shut
    }

    /// Returns once the front is stopping.
    pub(super) async fn shut(&self) {
        // It cannot fail: the sender is ours.
        let _ = self.stage.subscribe().wait_for(|stage| *stage >= Stage::Shut).await;
    }

    /// Whether the front is about to be gone, so that nobody can wait for what is not there.
    pub(crate) fn in_a_hurry(&self) -> bool {
        *self.stage.borrow() == Stage::Hurry
    }

    /// Shuts the door and waits, within bounds, until everyone is out and every answer was written. `hurry` rouses those
    /// who wait.
    pub async fn drain(&self, gates: &Gates, hurry: impl FnOnce()) {
        let deadline = Instant::now() + DRAIN;
        self.stage.send_replace(Stage::Shut);
        tracing::info!("the front stops: nobody new is let in, and who has asked is answered");
        if timeout_at(deadline - HURRY, self.emptied(gates)).await.is_err() {
            self.stage.send_replace(Stage::Hurry);
            hurry();
            // Who is left then has had as long as anybody has.
            let _ = timeout_at(deadline, self.emptied(gates)).await;
        }
    }

    async fn emptied(&self, gates: &Gates) {
        while self.inside.load(Ordering::SeqCst) > 0 || gates.aloft() > 0 {
            sleep(LOOK).await;
        }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
