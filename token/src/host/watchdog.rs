//! The thread that ends this process when its orders are at their end (it shall go, or its supervisor is gone), or when the
//! token manager does not come back from a look at a token that is served: without one nobody would do anything about what
//! the lanes see. Calls that may write are waited for, each for its own limit, so that no host outlives its supervisor for long.
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
use crate::{seqpacket, writes};

/// How long it polls at a time. Time is counted in polls: a machine that stood still is no module that hangs.
const POLL: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
/// The least that a look may take, in polls.
const LEAST: u64 = 3;
/// How many polls make a second.
const POLLS_PER_SECOND: u32 = 100;

/// The token manager's looks, counted at their begin and at their end: odd while one is under way.
#[derive(Clone, Default)]
pub(super) struct Looks(Arc<AtomicU64>);

impl Looks {
    /// Takes a look.
    pub(super) fn take<T>(&self, look: impl FnOnce() -> T) -> T {
        self.0.fetch_add(1, Ordering::Relaxed);
        let seen = look();
        self.0.fetch_add(1, Ordering::Relaxed);
        seen
    }
}

/// Starts the thread, and returns once it needs nothing more from the C library. A look may take as long as the token may.
pub(super) fn start(control: &Arc<OwnedFd>, looks: &Looks, deadline: Duration) -> io::Result<()> {
    let (control, looks, (ready, is_ready)) = (Arc::clone(control), looks.clone(), mpsc::channel());
    let patience = deadline.as_secs().max(LEAST);
    super::start("watchdog", move || {
        let _ = ready.send(());
        watch(&control, &looks, patience)
    })?;
    is_ready.recv().map_err(io::Error::other)
}

fn watch(control: &OwnedFd, looks: &Looks, patience: u64) -> ! {
    let (mut seen, mut silent) = (0, 0);
    while silent <= patience && !seqpacket::is_at_its_end(control, POLL) {
        writes::a_second_passed();
        let now = looks.0.load(Ordering::Relaxed);
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
