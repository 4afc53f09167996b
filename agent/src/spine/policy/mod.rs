//! Who may have what. Default deny: a caller gets exactly the connectors, tenants and client ids that a rule names,
//! an admin exactly the verbs, and root is not exempt.
//!
//! A [`Grant`] is the only way to an assertion and is built by [`Policy::decide`] alone:
//! ```
//! # use std::sync::Arc;
//! # use agent::ipc::peer::Peer;
//! # use agent::spine::{policy::{Grant, Policy, Refusal}, request::Request};
//! # use hsm_config::Connector;
//! # type Given<'a> = (&'a Policy, &'a Peer, Arc<Connector>, ledger::Caller);
//! fn ask((policy, peer, connector, caller): Given<'_>, request: Request) -> Result<Grant, Refusal> {
//!     policy.decide(peer, request, std::time::Instant::now())
//! }
//! ```
//! Without it there is none:
//! ```compile_fail,E0451
//! # use std::sync::Arc;
//! # use agent::ipc::peer::Peer;
//! # use agent::spine::{policy::{Grant, Policy, Refusal}, request::Request};
//! # use hsm_config::Connector;
//! # type Given<'a> = (&'a Policy, &'a Peer, Arc<Connector>, ledger::Caller);
//! fn ask((policy, peer, connector, caller): Given<'_>, request: Request) -> Result<Grant, Refusal> {
//!     Ok(Grant { request, connector, caller })
//! }
//! ```

mod application;
mod refusal;
mod rule;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use api::Granted;
use hsm_config::{Connector, Known, Name, Tenants, Verb};
use ledger::Caller;
use token::Sha256;

pub use application::{Application, NotAnObjectId, ObjectId};
pub use refusal::Refusal;
use rule::{AdminRule, CallerRule};

use crate::ipc::link::Resolved;
use crate::ipc::peer::Peer;
use crate::spine::request::Request;

/// The rules in force.
pub struct Policy {
    connectors: BTreeMap<Name, Served>,
    callers: Vec<CallerRule>,
    admins: Vec<AdminRule>,
    configuration: Sha256,
}

struct Served {
    connector: Arc<Connector>,
    tenants: Tenants,
}

/// A caller may have this assertion: what a rule granted and within which limits.
#[derive(Debug)]
#[must_use = "a grant is spent on one assertion"]
pub struct Grant {
    request: Request,
    connector: Arc<Connector>,
    caller: Caller,
}

/// An admin may do this.
#[derive(Debug)]
#[must_use = "a grant is spent on one action"]
pub struct AdminGrant {
    verb: Verb,
    caller: Caller,
}

impl Policy {
    /// Rules from a configuration; a connector without tenants gets none.
    pub fn new(resolved: &Resolved, mut tenants: BTreeMap<Name, Tenants>) -> Self {
        let served = |(name, connector): (&Name, &Connector)| {
            let tenants = tenants.remove(name).unwrap_or_default();
            (name.clone(), Served { connector: Arc::new(connector.clone()), tenants })
        };
        Self {
            connectors: resolved.config.connectors.iter().map(served).collect(),
            callers: rule::callers(resolved),
            admins: rule::admins(resolved),
            configuration: resolved.sha256,
        }
    }

    /// The digest of the configuration file that these rules were read from.
    pub fn configuration(&self) -> Sha256 {
        self.configuration
    }

    /// Grants a request, or says why not. The first rule that allows it is charged for it.
    pub fn decide(&self, peer: &Peer, request: Request, now: Instant) -> Result<Grant, Refusal> {
        let rules = || self.callers.iter().filter(|rule| rule.names(peer, request.connector()));
        let served = self.connectors.get(request.connector()).ok_or(Refusal::Connector)?;
        rules().next().ok_or(Refusal::Connector)?;
        let (tenant, client_id) = (request.tenant(), request.client_id());
        let known = served.tenants.knows(tenant.as_str(), client_id.as_str()).map_err(Refusal::unreadable)?;
        if known == Known::Nothing || !rules().any(|rule| rule.allows_tenant(tenant)) {
            return Err(Refusal::Tenant);
        }
        if known != Known::Pair {
            return Err(Refusal::ClientId);
        }
        let mut allowing = rules().filter(|rule| rule.allows_tenant(tenant) && rule.allows_client(client_id));
        allowing.next().ok_or(Refusal::ClientId)?.take(now).map_err(Refusal::Rate)?;
        Ok(Grant { connector: served.connector.clone(), caller: caller(peer), request })
    }

    /// Grants a verb, or says why not.
    pub fn admin_grant(&self, peer: &Peer, verb: Verb) -> Result<AdminGrant, Refusal> {
        match self.admins.iter().any(|rule| rule.names(peer) && rule.may(verb)) {
            true => Ok(AdminGrant { verb, caller: caller(peer) }),
            false => Err(Refusal::Verb(verb)),
        }
    }

    /// Whether the peer may see a connector: a rule grants it, or the peer is an admin.
    pub fn shows(&self, peer: &Peer, connector: &Name) -> bool {
        self.connectors.contains_key(connector)
            && (self.is_admin(peer) || self.callers.iter().any(|rule| rule.names(peer, connector)))
    }

    /// Whether any rule names the peer.
    pub fn knows(&self, peer: &Peer) -> bool {
        self.is_admin(peer) || self.callers.iter().any(|rule| rule.is(peer))
    }

    /// Whether any admin rule names the peer.
    pub fn is_admin(&self, peer: &Peer) -> bool {
        self.admins.iter().any(|rule| rule.names(peer))
    }

    /// What each rule that names the peer grants.
    pub fn granted(&self, peer: &Peer) -> Vec<Granted> {
        self.callers.iter().filter(|rule| rule.is(peer)).map(CallerRule::granted).collect()
    }

    /// What the peer may do as an admin.
    pub fn verbs(&self, peer: &Peer) -> Vec<Verb> {
        let of_peer = |verb: &Verb| self.admins.iter().any(|rule| rule.names(peer) && rule.may(*verb));
        Verb::ALL.iter().copied().filter(of_peer).collect()
    }

    /// The connectors, in order.
    pub fn connectors(&self) -> impl Iterator<Item = (&Name, &Arc<Connector>)> {
        self.connectors.iter().map(|(name, served)| (name, &served.connector))
    }

    /// One connector's configuration.
    pub fn connector(&self, name: &Name) -> Option<&Arc<Connector>> {
        self.connectors.get(name).map(|served| &served.connector)
    }

    /// How many tenants a connector serves.
    pub fn tenants_of(&self, name: &Name) -> usize {
        self.connectors.get(name).map_or(0, |served| served.tenants.len())
    }
}

impl Grant {
    /// The name of the connector.
    pub fn name(&self) -> &Name {
        self.request.connector()
    }

    /// The connector: algorithm, audience, lifetime.
    pub fn connector(&self) -> &Connector {
        &self.connector
    }

    /// What was asked for.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Who asked, for the ledger.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
}

impl AdminGrant {
    /// What it is for.
    pub fn verb(&self) -> Verb {
        self.verb
    }

    /// Who asked, for the ledger.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
}

/// A peer in the ledger's words.
pub fn caller(peer: &Peer) -> Caller {
    Caller { uid: peer.uid(), unit: peer.unit().map(str::to_owned) }
}
