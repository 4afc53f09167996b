//! The front: the process that callers talk to. Policy, composition, the ledger; no module, no PIN, no network.
//!
//! Everything that it cannot open itself comes from the supervisor over descriptor 0. It confines itself before it
//! accepts the first connection, and leaves when the supervisor does.

pub(crate) mod activation;
mod confine;
pub(crate) mod frozen;
mod maintenance;
pub(crate) mod outlook;
pub(crate) mod parts;
pub(crate) mod reload;
pub(crate) mod shutdown;
mod start;
mod supervisor;
mod told;
pub(crate) mod words;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;

use hsm_config::{Agent, Connector, Name, Verb};
use ledger::{Caller, Entry};

use crate::checkpoints::Checkpoints;
use crate::front::shutdown::Shutdown;
use crate::ipc::peer::Peer;
use crate::keys::connectors::{ActiveKey, Connectors};
use crate::keys::lifecycle::Lifecycle;
use crate::keys::posture::Exceptions;
use crate::keys::readiness::{KeyPolicy, Reason};
use crate::records::clock::{Clock, Reading};
use crate::records::journal::Journal;
use crate::records::refusals::Refusals;
use crate::spine::in_flight::{Frozen, Gates, InFlight};
use crate::spine::policy::{self, AdminGrant, Application, Grant, ObjectId, Policy, Refusal};
use crate::spine::request::Request;
use crate::tokens::Tokens;

pub(crate) use confine::CERTIFICATES;
pub use start::{StartError, run};
pub use supervisor::Supervisor;
pub use told::Told;

/// What the front holds. One of it, shared by every connection.
pub struct Front {
    /// The agent's own configuration.
    pub agent: Agent,
    /// The ledger.
    pub journal: Journal,
    /// The log's signed checkpoints.
    pub checkpoints: Checkpoints,
    /// Wall time and its steps.
    pub clock: Clock,
    /// The tokens' lanes and surveys.
    pub tokens: Tokens,
    /// The keys that may sign.
    pub connectors: Connectors,
    /// For which connectors, on which tokens, a certificate was in the state directory at the start.
    pub kept: BTreeSet<(String, String)>,
    /// The exceptions that are on record.
    pub exceptions: Exceptions,
    /// What stands in whose way, as far as the agent's log has it.
    pub told: Told,
    /// Requests in flight, and freezes.
    pub gates: Gates,
    /// Requests that are being answered, and the stop.
    pub shutdown: Shutdown,
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

impl Front {
    /// The rules in force now.
    pub fn policy(&self) -> Arc<Policy> {
        self.rules.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A caller's grant by the rules in force. This refusal and those below are counted for the ledger.
    pub fn decide(&self, peer: &Peer, request: Request, now: Instant) -> Result<Grant, Refusal> {
        let name = request.connector().clone();
        self.counted(peer, Some(&name), self.policy().decide(peer, request, now))
    }

    /// An admin's grant by the rules in force.
    pub fn admin_grant(&self, peer: &Peer, verb: Verb) -> Result<AdminGrant, Refusal> {
        self.counted(peer, None, self.policy().admin_grant(peer, verb))
    }

    /// Whether any rule makes the peer an admin.
    pub fn admin(&self, peer: &Peer) -> Result<(), Refusal> {
        self.counted(peer, None, self.policy().is_admin(peer).then_some(()).ok_or(Refusal::Admin))
    }

    /// The connector of this name, if the peer may see it.
    pub fn visible(&self, peer: &Peer, text: &str) -> Result<Name, Refusal> {
        let name = text.parse::<Name>().ok();
        let seen = name.as_ref().filter(|name| self.policy().shows(peer, name));
        self.counted(peer, name.as_ref(), seen.cloned().ok_or(Refusal::Connector))
    }

    /// The application with this object id, if the connector serves it.
    pub fn application(&self, peer: &Peer, name: &Name, id: &ObjectId) -> Result<Application, Refusal> {
        self.counted(peer, Some(name), self.policy().application(name, id))
    }

    /// Lets a request of a connector in, unless it is frozen.
    pub fn enter(&self, caller: &Caller, name: &Name) -> Result<InFlight, Frozen> {
        let count = |_: &Frozen| {
            self.refusals.count(caller.clone(), Some(name), "connector-frozen", Instant::now());
        };
        self.gates.enter(name).inspect_err(count)
    }

    /// Counts a refusal, under the connector's name only where there is one: names from outside are without number, and so
    /// are the uids of those whom no rule names.
    fn counted<T>(&self, peer: &Peer, name: Option<&Name>, answer: Result<T, Refusal>) -> Result<T, Refusal> {
        answer.inspect_err(|refusal| {
            let (rules, caller, now) = (self.policy(), policy::caller(peer), Instant::now());
            if !rules.knows(peer) {
                return self.refusals.count_unnamed(caller, refusal.code(), now);
            }
            let name = name.filter(|name| rules.connector(name).is_some());
            self.refusals.count(caller, name, refusal.code(), now);
        })
    }

    /// Puts new rules in force; requests that were decided keep their grant.
    pub fn set_policy(&self, policy: Policy) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
    }

    /// What the configuration says of a connector's key on a token.
    pub fn key_policy(&self, connector: &Connector, token: &Name) -> KeyPolicy {
        let exceptions = [&connector.exceptions[..], self.tokens.exceptions(token)].concat();
        KeyPolicy { allow_software: self.agent.allow_software_tokens, exceptions }
    }

    /// The keys that may sign for a connector now; there is at least one.
    pub fn active(&self, name: &Name, connector: &Connector) -> Result<Vec<Arc<ActiveKey>>, Reason> {
        self.connectors.active(name, connector, Reading::now().seconds())
    }

    /// Records a lifecycle entry and folds it, in this order.
    pub async fn record_lifecycle(&self, entry: Entry) -> Result<u64, ledger::Error> {
        let durable = self.journal.record(entry.clone()).await?;
        self.lifecycle.lock().unwrap_or_else(PoisonError::into_inner).apply(durable.index(), &entry);
        Ok(durable.index())
    }

    /// Looks at the fold.
    pub fn with_lifecycle<T>(&self, look: impl FnOnce(&Lifecycle) -> T) -> T {
        look(&self.lifecycle.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
