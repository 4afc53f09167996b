//! How long nothing has come or gone on a connection, and when that ends it.
//!
//! A server may close an idle connection at any time (RFC 9112, section 9.5), and a request that crosses this is lost:
//! its sender cannot tell whether it was taken. So nothing is closed that may be sent on. First the connection's
//! receiving side is shut ([`Stream`](super::stream::Stream)): from then on the client's writes fail, which says that
//! nothing was taken, and what it wrote before is read, answered, and followed by the end.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::door::Door;

/// How long a connection may be idle. Less than a head may take, so that this end comes before that one.
const IDLE: Duration = Duration::from_secs(12);
/// How long where the front is stopping: who connects, or asks again and again, does so within it.
const QUIET: Duration = Duration::from_secs(1);

/// One connection's.
pub(super) struct Silence(Mutex<State>);

struct State {
    since: Instant,
    /// A request is being answered.
    busy: bool,
    over: bool,
}

/// A request is being answered, which may take as long as it takes.
pub(super) struct Busy<'a>(&'a Silence);

impl Silence {
    pub(super) fn begin() -> Self {
        Self(Mutex::new(State { since: Instant::now(), busy: false, over: false }))
    }

    /// Something came or went.
    pub(super) fn broken(&self) {
        self.state().since = Instant::now();
    }

    pub(super) fn busy(&self) -> Busy<'_> {
        self.state().busy = true;
        Busy(self)
    }

    /// Whether it lasted too long, so that the receiving side is to be shut.
    pub(super) fn is_over(&self) -> bool {
        self.state().over
    }

    /// Returns once it lasted too long.
    pub(super) async fn ends(&self, door: &Door) {
        loop {
            let limit = if door.is_shut() { QUIET } else { IDLE };
            let left = self.left(limit);
            if left.is_zero() {
                self.state().over = true;
                return;
            }
            tokio::select! {
                () = sleep(left) => {}
                () = door.shut(), if limit == IDLE => {}
            }
        }
    }

    /// How long until it lasts this long.
    fn left(&self, limit: Duration) -> Duration {
        let state = self.state();
        if state.busy { limit } else { limit.saturating_sub(state.since.elapsed()) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        (state.busy, state.since) = (false, Instant::now());
    }
}
