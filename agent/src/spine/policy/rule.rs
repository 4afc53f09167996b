//! One rule: a subject, of which all that is given must hold, and what it may have.

use std::time::{Duration, Instant};

use api::Granted;
use hsm_config::{Admin, ClientId, Name, Rate, TenantId, Verb};

use crate::ipc::link::{Resolved, Who};
use crate::ipc::peer::Peer;
use crate::spine::rate::Bucket;

/// A caller rule with its bucket.
pub(super) struct CallerRule {
    who: Who,
    connectors: Vec<Name>,
    tenants: Option<Vec<TenantId>>,
    client_ids: Option<Vec<ClientId>>,
    rate: Option<Rate>,
    bucket: Option<Bucket>,
}

/// An admin rule.
pub(super) struct AdminRule {
    who: Who,
    may: Vec<Verb>,
}

/// The caller rules of a configuration.
pub(super) fn callers(resolved: &Resolved) -> Vec<CallerRule> {
    let now = Instant::now();
    let rule = |(name, who): &(Name, Who)| {
        let caller = resolved.config.callers.get(name)?;
        Some(CallerRule {
            who: who.clone(),
            connectors: caller.connectors.clone(),
            tenants: caller.tenants.clone(),
            client_ids: caller.client_ids.clone(),
            rate: caller.rate,
            bucket: caller.rate.map(|rate| Bucket::new(rate, now)),
        })
    };
    resolved.callers.iter().filter_map(rule).collect()
}

/// The admin rules of a configuration.
pub(super) fn admins(resolved: &Resolved) -> Vec<AdminRule> {
    let rule = |(name, who): &(Name, Who)| {
        let Admin { may, .. } = resolved.config.admins.get(name)?;
        Some(AdminRule { who: who.clone(), may: may.clone() })
    };
    resolved.admins.iter().filter_map(rule).collect()
}

impl CallerRule {
    pub(super) fn is(&self, peer: &Peer) -> bool {
        self.who.is(peer)
    }

    pub(super) fn names(&self, peer: &Peer, connector: &Name) -> bool {
        self.is(peer) && self.connectors.contains(connector)
    }

    /// What it grants, in the configuration's words.
    pub(super) fn granted(&self) -> Granted {
        Granted {
            connectors: written(&self.connectors),
            tenants: self.tenants.as_deref().map(written),
            client_ids: self.client_ids.as_deref().map(written),
            rate: self.rate.map(|rate| rate.to_string()),
        }
    }

    pub(super) fn allows_tenant(&self, tenant: &TenantId) -> bool {
        self.tenants.as_ref().is_none_or(|tenants| tenants.contains(tenant))
    }

    pub(super) fn allows_client(&self, client_id: &ClientId) -> bool {
        self.client_ids.as_ref().is_none_or(|client_ids| client_ids.contains(client_id))
    }

    pub(super) fn take(&self, now: Instant) -> Result<(), Duration> {
        self.bucket.as_ref().map_or(Ok(()), |bucket| bucket.take(now))
    }
}

fn written(all: &[impl ToString]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

impl AdminRule {
    pub(super) fn names(&self, peer: &Peer) -> bool {
        self.who.is(peer)
    }

    pub(super) fn may(&self, verb: Verb) -> bool {
        self.may.contains(&verb)
    }
}

impl Who {
    /// Whether the peer is meant. A rule that names nobody means nobody.
    fn is(&self, peer: &Peer) -> bool {
        let Self { uid, gid, unit } = self;
        let named = uid.is_some() || gid.is_some() || unit.is_some();
        named
            && uid.is_none_or(|uid| peer.uid() == uid)
            && gid.is_none_or(|gid| peer.has_group(gid))
            && unit.as_deref().is_none_or(|unit| peer.unit() == Some(unit))
    }
}
