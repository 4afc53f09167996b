//! The thread that ends this process when its orders are at their end (it shall go, or its supervisor is gone), or when the
//! token manager does not come back from the module or the card: without one nobody would do anything about what the lanes
//! see, nor find a token that is away. A login is the supervisor's to wait for, and what a lane asks for its lane's. Calls that may
//! write are waited for, each for its own limit, so that no host outlives its supervisor for long.
//!
//! It does nothing but poll. While a module is being loaded, the C library holds the dynamic linker's lock, and if that
//! hangs, so does every thread that starts another or first touches a thread-local; so this one is all set up before.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use rustix::event::Timespec;

use super::kill;
use crate::writes::LOGIN_LIMIT;
use crate::{seqpacket, writes};

/// How long it polls at a time. Time is counted in polls: a machine that stood still is no module that hangs.
const POLL: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
/// The least that a look at a token that is served may take, in polls.
const LEAST: u64 = 3;
/// The least that any other call may take, in polls: as long as a module's start at most, for it is also made there.
const LEAST_AWAY: u64 = LOGIN_LIMIT.as_secs();
/// How many polls make a second.
const POLLS_PER_SECOND: u32 = 100;

/// The token manager's calls: looks at a token that is served, and what it calls while none is.
#[derive(Clone)]
pub(super) struct Looks(Arc<Counted>);

struct Counted {
    /// How long the token may take, in polls.
    deadline: u64,
    /// Counted at their begin and at their end: odd while one is under way. What is made of several calls is counted twice
    /// between them.
    calls: AtomicU64,
    /// How long the one under way may take, in polls.
    limit: AtomicU64,
}

impl Looks {
    /// Of a token with this deadline.
    pub(super) fn new(deadline: Duration) -> Self {
        let (calls, limit) = (AtomicU64::new(0), AtomicU64::new(0));
        Self(Arc::new(Counted { deadline: deadline.as_secs(), calls, limit }))
    }

    /// Takes a look at a token that is served, which may take as long as the token may.
    pub(super) fn take<T>(&self, look: impl FnOnce() -> T) -> T {
        self.within(LEAST, look)
    }

    /// Calls the module or the card while no token is served. Half a minute is long for it, and it may be a device's start.
    pub(super) fn away<T>(&self, call: impl FnOnce() -> T) -> T {
        self.within(LEAST_AWAY, call)
    }

    /// One of several calls came back, and the next one has the same limit: a search of many slots may take long in all.
    pub(super) fn next(&self) {
        self.0.calls.fetch_add(2, Ordering::Release);
    }

    fn within<T>(&self, least: u64, call: impl FnOnce() -> T) -> T {
        let Counted { deadline, calls, limit } = &*self.0;
        limit.store(least.max(*deadline), Ordering::Release);
        calls.fetch_add(1, Ordering::Release);
        let done = call();
        calls.fetch_add(1, Ordering::Release);
        done
    }
}

impl Counted {
    /// Whether this call took longer than it may. The limit is read first: where the call is still the same then, it is the
    /// call's own, and no shorter one of the next.
    fn is_over(&self, call: u64, polls: u64) -> bool {
        polls > self.limit.load(Ordering::Acquire) && self.calls.load(Ordering::Acquire) == call
    }
}

/// Starts the thread, and returns once it needs nothing more from the C library.
pub(super) fn start(control: &Arc<OwnedFd>, looks: &Looks) -> io::Result<()> {
    let (control, looks, (ready, is_ready)) = (Arc::clone(control), looks.clone(), mpsc::channel());
    super::start("watchdog", move || {
        let _ = ready.send(());
        watch(&control, &looks.0)
    })?;
    is_ready.recv().map_err(io::Error::other)
}

fn watch(control: &OwnedFd, looks: &Counted) -> ! {
    let (mut seen, mut silent) = (0, 0);
    while !looks.is_over(seen, silent) && !seqpacket::is_at_its_end(control, POLL) {
        writes::a_second_passed();
        let now = looks.calls.load(Ordering::Acquire);
        silent = if now == seen && now % 2 == 1 { silent + 1 } else { 0 };
        seen = now;
    }
    writes::leave();
    loop {
        for _ in 0..POLLS_PER_SECOND {
            if !writes::hold_up() {
                kill();
            }
            thread::sleep(writes::POLL_INTERVAL);
        }
        writes::a_second_passed();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_over_by_its_own_limit_and_not_by_the_next_ones() {
        let looks = Looks::new(Duration::ZERO);
        let is_over = |call, polls| looks.0.is_over(call, polls);
        looks.away(|| assert!(!is_over(1, LEAST_AWAY) && is_over(1, LEAST_AWAY + 1)));
        looks.take(|| assert!(!is_over(1, LEAST_AWAY) && !is_over(3, LEAST) && is_over(3, LEAST + 1)));
    }

    #[test]
    fn a_search_of_many_calls_is_over_by_the_limit_of_each_and_not_by_that_of_all() {
        let looks = Looks::new(Duration::ZERO);
        let is_over = |call, polls| looks.0.is_over(call, polls);
        looks.away(|| {
            assert!(is_over(1, LEAST_AWAY + 1));
            looks.next();
            assert!(
                !is_over(1, LEAST_AWAY + 1) && is_over(3, LEAST_AWAY + 1),
                "the next one has a limit, too"
            );
        });
        assert_eq!(looks.0.calls.load(Ordering::Acquire) % 2, 0, "and nothing is under way after it");
    }
}
