//! What the host's threads share: whether the token is served, and since when.
//!
//! A lane holds the reading side for the length of one request, so that whoever gets the writing side knows that no
//! lane is in a call of the module. Every change to [`Now::Up`] has a new generation; a session belongs to one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use cryptoki::slot::Slot;

use super::desks::Desks;
use super::keeper::{Event, Suspicion};
use crate::control::{HostConfig, Use};
use crate::lane::{Fault, TokenReport};
#[cfg(feature = "piv")]
use crate::piv::PivToken;
use crate::pkcs11::{ContextLogin, Module, Names};

/// The token, as lanes find it.
pub(super) enum Now {
    /// Not served: what to answer.
    Down(Fault),
    /// Served.
    Up(Up),
}

/// A token that the process is logged in to.
#[derive(Clone)]
pub(super) struct Up {
    pub(super) door: Door,
    /// Counts the times that the token came up.
    pub(super) generation: u64,
    /// Counts the times that the module was loaded again: sessions of before are gone.
    pub(super) epoch: u64,
}

/// A token's life, as far as somebody may wait for what comes next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Life {
    /// The last one that came up.
    generation: u64,
    /// How often it was looked at, and found as it was or such that only time or a person helps.
    looks: u64,
}

impl Life {
    /// Whether the token came up since.
    pub(super) fn is_another_than(self, before: Self) -> bool {
        self.generation != before.generation
    }
}

/// What a lane opens a session through.
#[derive(Clone)]
pub(super) enum Door {
    /// A token of a PKCS#11 module, and what gives it its PIN again where a key of ours wants that.
    Module(Module, Slot, Option<Arc<ContextLogin>>),
    /// The card in a bay.
    #[cfg(feature = "piv")]
    Yubikey(Arc<Mutex<PivToken>>),
}

/// Everything that is shared.
pub(super) struct Shared {
    pub(super) config: HostConfig,
    pub(super) desks: Desks,
    now: RwLock<Now>,
    life: Mutex<Life>,
    news: Condvar,
    events: Mutex<Sender<Event>>,
    /// A look at the token is asked for already: many lanes need only one.
    look: AtomicBool,
}

impl Shared {
    pub(super) fn new(config: HostConfig, events: Sender<Event>) -> Self {
        Self {
            desks: Desks::new(Names::of(&config.token)),
            config,
            now: RwLock::new(Now::Down(Fault::Starting)),
            life: Mutex::default(),
            news: Condvar::new(),
            events: Mutex::new(events),
            look: AtomicBool::new(false),
        }
    }

    /// The reading side: the token stays as it is until the guard is dropped.
    pub(super) fn now(&self) -> RwLockReadGuard<'_, Now> {
        self.now.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The writing side, once no lane is in a call of the module.
    pub(super) fn change(&self) -> RwLockWriteGuard<'_, Now> {
        self.now.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes a token that came up.
    pub(super) fn up(&self, up: Up) {
        self.looked();
        self.life().generation = up.generation;
        *self.change() = Now::Up(up);
        self.news.notify_all();
    }

    /// Publishes why the token is not served. Whoever waits for it hears of it, unless it is about to come up.
    pub(super) fn down(&self, fault: Fault) {
        let is_told = fault != Fault::Starting;
        *self.change() = Now::Down(fault);
        if is_told {
            self.is_looked_at();
        }
    }

    /// Whether the token is not served and not about to be.
    pub(super) fn is_down(&self) -> bool {
        matches!(&*self.now(), Now::Down(fault) if *fault != Fault::Starting)
    }

    /// The token's life now.
    pub(super) fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the token came up again, or was looked at; false when that took too long.
    pub(super) fn await_news(&self, before: Life, patience: Duration) -> bool {
        let waited = self.news.wait_timeout_while(self.life(), patience, |now| *now == before);
        waited.is_ok_and(|(_, timeout)| !timeout.timed_out())
    }

    /// The keeper looked at a token that was suspected, and it is as it was.
    pub(super) fn is_as_before(&self) {
        self.is_looked_at();
    }

    fn is_looked_at(&self) {
        self.life().looks += 1;
        self.news.notify_all();
    }

    /// Tells the keeper of a token that behaved strangely.
    pub(super) fn suspect(&self, suspicion: Suspicion) {
        if suspicion == Suspicion::Changed && self.look.swap(true, Ordering::Relaxed) {
            return;
        }
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        // Without a keeper the process is about to end.
        let _ = events.send(Event::Suspect(suspicion));
    }

    /// A way to the keeper's ear.
    pub(super) fn events(&self) -> Sender<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets the keeper initialise a blank token; `None` where it does not look for one. No guard is held meanwhile: the
    /// keeper may have to change what is shared.
    pub(super) fn initialise(&self) -> Option<Result<TokenReport, Fault>> {
        if !matches!(&*self.now(), Now::Down(Fault::TokenMissing(_) | Fault::NoUserPin(_))) {
            return None;
        }
        let (answer, answered) = mpsc::channel();
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner).clone();
        events.send(Event::Initialise(answer)).ok()?;
        answered.recv().ok()
    }

    /// The keeper looks at the token now; a suspicion from here on needs another look.
    pub(super) fn looked(&self) {
        self.look.store(false, Ordering::Relaxed);
    }

    /// A connector's use of this token.
    pub(super) fn connector(&self, name: &hsm_config::Name) -> Result<&Use, Fault> {
        self.config.uses.iter().find(|used| used.connector == *name).ok_or(Fault::UnknownConnector)
    }
}
