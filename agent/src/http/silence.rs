//! How long nothing has come or gone on a connection, and when that ends it.
//!
//! A server may close an idle connection at any time (RFC 9112, section 9.5), and a request that crosses this is lost:
//! its sender cannot tell whether it was taken. So nothing is closed that may be sent on. First the connection's
//! receiving side is shut ([`Stream`](super::stream::Stream)): from then on the client's writes fail, which says that
//! nothing was taken, and what it wrote before is read, answered, and followed by the end.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::front::shutdown::Shutdown;

/// How long a connection may be idle. Less than a head may take, so that this end comes before that one.
const IDLE: Duration = Duration::from_secs(12);
/// How long where the front is stopping, from when it began to: who is connected by then, however long, has it to ask.
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
    pub(super) async fn ends(&self, shutdown: &Shutdown) {
        loop {
            let shut = shutdown.began_at();
            let left = self.state().left(Instant::now(), shut);
            if left.is_zero() {
                self.state().over = true;
                return;
            }
            tokio::select! {
                () = sleep(left) => {}
                () = shutdown.begun(), if shut.is_none() => {}
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// How long until it lasts too long, at a front that began to stop then, if it did.
    fn left(&self, now: Instant, shut: Option<Instant>) -> Duration {
        let (limit, since) = match shut {
            Some(shut) => (QUIET, self.since.max(shut)),
            None => (IDLE, self.since),
        };
        if self.busy { limit } else { limit.saturating_sub(now.saturating_duration_since(since)) }
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        (state.busy, state.since) = (false, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_been_silent_for_long_has_as_long_to_ask_as_whoever_came_just_before_a_stop() {
        let came = Instant::now();
        let shut = came + IDLE - QUIET;
        for since in [came, shut] {
            let state = State { since, busy: false, over: false };
            assert_eq!(state.left(shut, Some(shut)), QUIET);
            assert_eq!(state.left(shut + QUIET, Some(shut)), Duration::ZERO);
        }
        let state = State { since: shut + QUIET / 2, busy: false, over: false };
        assert_eq!(state.left(shut + QUIET, Some(shut)), QUIET / 2);
    }

    #[test]
    fn where_nothing_stops_the_longest_silence_ends_it_and_an_answer_that_is_under_way_never() {
        let since = Instant::now();
        let idle = State { since, busy: false, over: false };
        assert_eq!(idle.left(since + QUIET, None), IDLE - QUIET);
        assert_eq!(idle.left(since + IDLE, None), Duration::ZERO);
        let busy = State { busy: true, ..idle };
        assert_eq!((busy.left(since + IDLE, None), busy.left(since + IDLE, Some(since))), (IDLE, QUIET));
    }
}
