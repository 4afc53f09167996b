//! The sessions of this process on its token: one for each lane that works, and fewer where the token has fewer.
//!
//! A lane takes one for a question and puts it back. Where the token has no session left, it waits for the next one that
//! another lane puts back, or that another program closes: fewer sessions make fewer signatures at a time, and no
//! failures.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::shared::{Door, Up};
#[cfg(feature = "piv")]
use crate::lane::Fault;
use crate::pkcs11::{Class, Failure, Names, Pkcs11Token};

/// How often a token without a session left is asked for one.
const BREATH: Duration = Duration::from_millis(50);

/// A session, and the token's life that it belongs to.
pub(super) struct Desk {
    pub(super) token: Pkcs11Token,
    generation: u64,
    epoch: u64,
}

/// The sessions that no lane works at.
pub(super) struct Desks {
    pub(super) names: Arc<Names>,
    idle: Mutex<Vec<Desk>>,
    back: Condvar,
    waiting: AtomicUsize,
}

impl Desks {
    /// None yet, on a token with these keys that its module named.
    pub(super) fn new(names: Names) -> Self {
        let (idle, back, waiting) = (Mutex::default(), Condvar::new(), AtomicUsize::new(0));
        Self { names: Arc::new(names), idle, back, waiting }
    }

    /// One of this life of the token: an idle one, else a new one, else the next that there is.
    pub(super) fn take(&self, up: &Up, patience: Duration) -> Result<Desk, Failure> {
        if let Some(desk) = last(&mut self.idle(), up) {
            return Ok(desk);
        }
        let until = Instant::now() + patience;
        loop {
            let failure = match self.open(up) {
                Err(failure) if failure.class() == Some(Class::Crowded) => failure,
                opened => return opened,
            };
            if let Some(desk) = self.await_one(up) {
                return Ok(desk);
            }
            if Instant::now() >= until {
                return Err(failure);
            }
        }
    }

    /// Puts one back, or closes one that is of no use any more.
    pub(super) fn put(&self, desk: Desk) {
        if desk.token.is_spent() {
            return desk.token.close();
        }
        self.idle().push(desk);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.back.notify_one();
        }
    }

    /// Closes those that no lane works at, since each takes memory of the module's and of the token's.
    pub(super) fn close_idle(&self, up: &Up) {
        // Each one that is taken from an older life of the token is closed there.
        while let Some(desk) = last(&mut self.idle(), up) {
            desk.token.close();
        }
    }

    fn open(&self, up: &Up) -> Result<Desk, Failure> {
        let token = match &up.door {
            Door::Module(module, slot, context_login) => {
                Pkcs11Token::open(module, *slot, Arc::clone(&self.names), context_login.clone())?
            }
            // A card has no sessions.
            #[cfg(feature = "piv")]
            Door::Yubikey(_) => return Err(Fault::Starting.into()),
        };
        Ok(Desk { token, generation: up.generation, epoch: up.epoch })
    }

    fn await_one(&self, up: &Up) -> Option<Desk> {
        let mut idle = self.idle();
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let found = last(&mut idle, up).or_else(|| {
            let waited = self.back.wait_timeout(idle, BREATH);
            last(&mut waited.unwrap_or_else(PoisonError::into_inner).0, up)
        });
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        found
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Desk>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last one that was put back, if it is of this life of the token; older ones are closed. A session of before the
/// module was loaded again is gone, and its handle may be another's by now.
fn last(idle: &mut Vec<Desk>, up: &Up) -> Option<Desk> {
    while let Some(desk) = idle.pop() {
        if desk.generation == up.generation {
            return Some(desk);
        }
        if desk.epoch == up.epoch {
            desk.token.close();
        }
    }
    None
}
