//! A front from its parts: what the supervisor handed over, and the ledger as it was opened.
//!
//! Nothing is opened, started or told here, so that a front is the same whatever its parts stand on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, RwLock};

use hsm_config::{Name, Tenants};
use ledger::{Ledger, Recovered};
use tokio::sync::mpsc::UnboundedSender;

use super::shutdown::Shutdown;
use super::{Front, Supervisor, Told};
use crate::checkpoints::{Checkpoints, Shown};
use crate::ipc::link::{FromFront, Resolved, Signed};
use crate::keys::connectors::Connectors;
use crate::keys::lifecycle::Lifecycle;
use crate::keys::posture::Exceptions;
use crate::records::clock::{Clock, Reading};
use crate::records::journal::Journal;
use crate::records::refusals::Refusals;
use crate::spine::in_flight::Gates;
use crate::spine::policy::Policy;
use crate::tokens::Tokens;

/// What a front is made of; all else of it begins empty.
pub(crate) struct Parts<'a> {
    /// The configuration, and whom its rules mean.
    pub(crate) resolved: &'a Resolved,
    /// Each connector's tenants.
    pub(crate) tenants: BTreeMap<Name, Tenants>,
    /// The ledger, and what was found in it.
    pub(crate) ledger: (Ledger, Recovered),
    /// What was signed of the log, and the checkpoint that is shown.
    pub(crate) checkpoints: (Option<Signed>, Option<Shown>),
    /// For which connectors, on which tokens, a certificate is in the state directory.
    pub(crate) kept: BTreeSet<(String, String)>,
    /// Where words to the supervisor go.
    pub(crate) words: UnboundedSender<FromFront>,
}

impl Front {
    /// A front that knows no token yet and has heard nobody.
    pub(crate) fn new(parts: Parts<'_>) -> Self {
        let Parts {
            resolved,
            tenants,
            ledger: (ledger, recovered),
            checkpoints: (signed, shown),
            kept,
            words,
        } = parts;
        let last = recovered.last_time.map(|time| time.as_nanosecond());
        let lifecycle = recovered.lifecycle.iter().map(|(index, entry)| (*index, entry));
        Self {
            agent: resolved.config.agent.clone(),
            journal: Journal::new(ledger),
            checkpoints: Checkpoints::new(&resolved.config, signed, shown),
            clock: Clock::new(Reading::now(), last),
            tokens: Tokens::new(&resolved.config, words.clone()),
            connectors: Connectors::default(),
            kept,
            exceptions: Exceptions::default(),
            told: Told::default(),
            gates: Gates::default(),
            shutdown: Shutdown::new(&resolved.config),
            refusals: Refusals::default(),
            lifecycle: Mutex::new(Lifecycle::fold(lifecycle)),
            reloading: tokio::sync::Mutex::new(()),
            provisioning: tokio::sync::Mutex::new(()),
            supervisor: Supervisor::new(words),
            rules: RwLock::new(Policy::new(resolved, tenants).into()),
        }
    }
}
