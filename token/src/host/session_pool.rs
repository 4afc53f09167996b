//! The sessions of this process on its module's token: one for each lane that works, and fewer where the token has fewer.
//!
//! A lane takes one for a question and puts it back. Where the token has no session left, it waits for the next one that
//! another lane puts back, or that another program closes: fewer sessions make fewer signatures at a time, and no
//! failures.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cryptoki::slot::Slot;

use crate::pkcs11::{Class, ContextLogin, Failure, Module, Names, Pkcs11Token};

/// How often a token without a session left is asked for one.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A token that is logged in to, as sessions are opened on it.
pub(super) struct LoggedIn {
    pub(super) module: Module,
    pub(super) slot: Slot,
    /// What gives it its PIN again, where a key of ours wants that.
    pub(super) context_login: Option<Arc<ContextLogin>>,
    /// Counts the times that the token came up.
    pub(super) generation: u64,
    /// Counts the times that the module was loaded again: sessions of before are gone.
    pub(super) reloads: u64,
}

/// A session, and the token's epoch that it belongs to.
pub(super) struct PooledSession {
    pub(super) token: Pkcs11Token,
    generation: u64,
    reloads: u64,
}

/// The sessions that no lane works at.
pub(super) struct SessionPool {
    pub(super) names: Arc<Names>,
    idle: Mutex<Vec<PooledSession>>,
    back: Condvar,
    waiting: AtomicUsize,
}

impl SessionPool {
    /// None yet, on a token with these keys that its module named.
    pub(super) fn new(names: Names) -> Self {
        let (idle, back, waiting) = (Mutex::default(), Condvar::new(), AtomicUsize::new(0));
        Self { names: Arc::new(names), idle, back, waiting }
    }

    /// One of this epoch of the token: an idle one, else a new one, else the next that there is.
    pub(super) fn take(&self, at: &LoggedIn, patience: Duration) -> Result<PooledSession, Failure> {
        if let Some(session) = last(&mut self.idle(), at) {
            return Ok(session);
        }
        let until = Instant::now() + patience;
        loop {
            let failure = match self.open(at) {
                Err(failure) if failure.class() == Some(Class::Crowded) => failure,
                opened => return opened,
            };
            if let Some(session) = self.await_one(at) {
                return Ok(session);
            }
            if Instant::now() >= until {
                return Err(failure);
            }
        }
    }

    /// Puts one back, or closes one that is of no use any more.
    pub(super) fn put(&self, session: PooledSession) {
        if session.token.is_spent() {
            return session.token.close();
        }
        self.idle().push(session);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.back.notify_one();
        }
    }

    /// Closes those that no lane works at, since each takes memory of the module's and of the token's.
    pub(super) fn close_idle(&self, at: &LoggedIn) {
        // Each one that is taken from an older epoch of the token is closed there.
        while let Some(session) = last(&mut self.idle(), at) {
            session.token.close();
        }
    }

    fn open(&self, at: &LoggedIn) -> Result<PooledSession, Failure> {
        let (names, context_login) = (Arc::clone(&self.names), at.context_login.clone());
        let token = Pkcs11Token::open(&at.module, at.slot, names, context_login)?;
        Ok(PooledSession { token, generation: at.generation, reloads: at.reloads })
    }

    fn await_one(&self, at: &LoggedIn) -> Option<PooledSession> {
        let mut idle = self.idle();
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let found = last(&mut idle, at).or_else(|| {
            let waited = self.back.wait_timeout(idle, POLL_INTERVAL);
            last(&mut waited.unwrap_or_else(PoisonError::into_inner).0, at)
        });
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        found
    }

    fn idle(&self) -> MutexGuard<'_, Vec<PooledSession>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last one that was put back, if it is of this epoch of the token; older ones are closed. A session of before the
/// module was loaded again is gone, and its handle may be another's by now.
fn last(idle: &mut Vec<PooledSession>, at: &LoggedIn) -> Option<PooledSession> {
    while let Some(session) = idle.pop() {
        if session.generation == at.generation {
            return Some(session);
        }
        if session.reloads == at.reloads {
            session.token.close();
        }
    }
    None
}
