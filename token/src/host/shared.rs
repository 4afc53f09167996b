//! What the host's threads share: whether the token is served, and since when.
//!
//! A lane holds the reading side for the length of one request, so that whoever gets the writing side knows that no
//! lane is in a call of the module. Every change to [`State::Serving`] has a new generation; a session belongs to one.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use super::backend::Backend;
use super::ledger_gate::LedgerGate;
use super::token_manager::{Event, HealthEvent};
use crate::control::{HostConfig, Use};
use crate::lane::{Fault, TokenReport};

/// The token, as lanes find it.
pub(super) enum State {
    /// Not served: what to answer.
    Down(Fault),
    /// Served.
    Serving(Serving),
}

/// A token that the process is logged in to.
pub(super) struct Serving {
    pub(super) backend: Arc<dyn Backend>,
    /// Counts the times that the token came up.
    pub(super) generation: u64,
}

/// A token's epoch, as far as somebody may wait for what comes next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Epoch {
    /// The last one that came up.
    generation: u64,
    /// How often it was looked at, and found as it was or such that only time or a person helps.
    looks: u64,
}

impl Epoch {
    /// Whether the token came up since.
    pub(super) fn is_another_than(self, before: Self) -> bool {
        self.generation != before.generation
    }
}

/// Everything that is shared.
pub(super) struct Shared {
    pub(super) config: HostConfig,
    /// What the ledger's key may sign.
    pub(super) ledger_gate: LedgerGate,
    state: RwLock<State>,
    epoch: Mutex<Epoch>,
    news: Condvar,
    events: Mutex<Sender<Event>>,
    /// A look at the token is asked for already: many lanes need only one.
    look: AtomicBool,
}

impl Shared {
    pub(super) fn new(config: HostConfig, control: Arc<OwnedFd>, events: Sender<Event>) -> Self {
        Self {
            ledger_gate: LedgerGate::new(control, &config.ledger),
            config,
            state: RwLock::new(State::Down(Fault::Starting)),
            epoch: Mutex::default(),
            news: Condvar::new(),
            events: Mutex::new(events),
            look: AtomicBool::new(false),
        }
    }

    /// The reading side: the token stays as it is until the guard is dropped.
    pub(super) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The writing side, once no lane is in a call of the module.
    pub(super) fn change(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes a token that came up.
    pub(super) fn serve(&self, serving: Serving) {
        self.looked();
        self.epoch().generation = serving.generation;
        *self.change() = State::Serving(serving);
        self.news.notify_all();
    }

    /// Publishes why the token is not served. Whoever waits for it hears of it, unless it is about to come up.
    pub(super) fn down(&self, fault: Fault) {
        let is_told = fault != Fault::Starting;
        *self.change() = State::Down(fault);
        if is_told {
            self.is_looked_at();
        }
    }

    /// Whether the token is not served and not about to be.
    pub(super) fn is_down(&self) -> bool {
        matches!(&*self.state(), State::Down(fault) if *fault != Fault::Starting)
    }

    /// The token's epoch now.
    pub(super) fn epoch(&self) -> MutexGuard<'_, Epoch> {
        self.epoch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the token came up again, or was looked at; false when that took too long.
    pub(super) fn await_news(&self, before: Epoch, patience: Duration) -> bool {
        let waited = self.news.wait_timeout_while(self.epoch(), patience, |now| *now == before);
        waited.is_ok_and(|(_, timeout)| !timeout.timed_out())
    }

    /// The token manager looked at a token that was suspected, and it is as it was.
    pub(super) fn is_as_before(&self) {
        self.is_looked_at();
    }

    fn is_looked_at(&self) {
        self.epoch().looks += 1;
        self.news.notify_all();
    }

    /// Tells the token manager of a token that behaved strangely.
    pub(super) fn report_health(&self, event: HealthEvent) {
        if event == HealthEvent::Changed && self.look.swap(true, Ordering::Relaxed) {
            return;
        }
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        // Without a token manager the process is about to end.
        let _ = events.send(Event::Health(event));
    }

    /// A way to tell the token manager.
    pub(super) fn events(&self) -> Sender<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets the token manager initialise a blank token; `None` where it does not look for one. No guard is held
    /// meanwhile: the token manager may have to change what is shared.
    pub(super) fn initialise(&self) -> Option<Result<TokenReport, Fault>> {
        if !matches!(&*self.state(), State::Down(Fault::TokenMissing(_) | Fault::NoUserPin(_))) {
            return None;
        }
        let (answer, answered) = mpsc::channel();
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner).clone();
        events.send(Event::Initialise(answer)).ok()?;
        answered.recv().ok()
    }

    /// The token manager looks at the token now; a suspicion from here on needs another look.
    pub(super) fn looked(&self) {
        self.look.store(false, Ordering::Relaxed);
    }

    /// A connector's use of this token.
    pub(super) fn connector(&self, name: &hsm_config::Name) -> Result<&Use, Fault> {
        self.config.uses.iter().find(|used| used.connector == *name).ok_or(Fault::UnknownConnector)
    }
}
