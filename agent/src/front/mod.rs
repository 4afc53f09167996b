//! The front: the process that callers talk to. Policy, composition, the ledger; no module, no PIN, no network.
//!
//! Everything that it cannot open itself comes from the supervisor over descriptor 0. It confines itself before it
//! accepts the first connection, and leaves when the supervisor does.

mod confine;
mod reload;
pub(crate) mod standing;
mod start;
mod supervisor;
mod tick;

use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use hsm_config::{Agent, Verb};
use ledger::Entry;

use crate::clock::Clock;
use crate::connectors::Connectors;
use crate::flight::Gates;
use crate::http::Door;
use crate::journal::Journal;
use crate::lifecycle::Lifecycle;
use crate::peer::Peer;
use crate::policy::{self, Policy, Refusal, Warrant};
use crate::refusals::Refusals;
use crate::tokens::Tokens;

pub(crate) use confine::CERTIFICATES;
pub use start::{EXIT_CORRUPT, StartError};
pub use supervisor::Supervisor;

/// What the front holds. One of it, shared by every connection.
pub struct Front {
    /// The agent's own configuration.
    pub agent: Agent,
    /// The ledger.
    pub journal: Journal,
    /// Wall time and its steps.
    pub clock: Clock,
    /// The tokens' lanes and surveys.
    pub tokens: Tokens,
    /// The keys that may sign.
    pub connectors: Connectors,
    /// Requests in flight, and freezes.
    pub gates: Gates,
    /// Requests that are being answered, and the stop.
    pub door: Door,
    /// Counted refusals.
    pub refusals: Refusals,
    /// The fold of the ledger.
    pub lifecycle: Mutex<Lifecycle>,
    /// One reload at a time, in the order of the supervisor's words.
    pub reloading: tokio::sync::Mutex<()>,
    /// One provisioning at a time.
    pub provisioning: tokio::sync::Mutex<()>,
    /// The other end of our control socket.
    pub supervisor: Supervisor,
    rules: RwLock<Arc<Policy>>,
}

/// The life of the front process.
pub fn run(control: OwnedFd) -> Result<(), StartError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(start::run(control))
}

impl Front {
    /// The rules in force now.
    pub fn policy(&self) -> Arc<Policy> {
        self.rules.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// An admin's warrant by the rules in force; a refusal is counted for the ledger like a caller's.
    pub fn warrant(&self, peer: &Peer, verb: Verb) -> Result<Warrant, Refusal> {
        let count = |refusal: &Refusal| self.refusals.count(policy::caller(peer), None, refusal.code());
        self.policy().warrant(peer, verb).inspect_err(count)
    }

    /// Puts new rules in force; requests that were decided keep their grant.
    pub fn set_policy(&self, policy: Policy) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
    }

    /// Records a lifecycle entry and folds it, in this order.
    pub async fn lived(&self, entry: Entry) -> Result<u64, ledger::Error> {
        let receipt = self.journal.record(entry.clone()).await?;
        self.lifecycle.lock().unwrap_or_else(PoisonError::into_inner).apply(&entry);
        Ok(receipt.index())
    }

    /// Looks at the fold.
    pub fn with_lifecycle<T>(&self, look: impl FnOnce(&Lifecycle) -> T) -> T {
        look(&self.lifecycle.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
