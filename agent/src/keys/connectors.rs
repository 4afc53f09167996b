//! Which key signs for which connector now: pinned by the ledger, seen on the token, certified.
//!
//! A key becomes active only here: [`super::readiness`] found it to be the pinned one, and fit; and its certificate is for that
//! very key and the one that the ledger names. Everything else is a reason that `kunci status` shows.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use hsm_config::{Connector, Flaw, Name};
use token::message::Thumbprint;
use token::{PublicKey, Sha256};

use super::readiness::{Dates, EligibleKey, Reason};
use crate::spine::draft::SigningKey;

/// A key that may sign assertions.
pub struct ActiveKey {
    /// Whose and which.
    pub key: SigningKey,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// Its digests, as an assertion's header names it.
    pub thumbprint: Thumbprint,
    /// When it is good.
    pub dates: Dates,
    /// What it fails and signs with all the same.
    pub excused: Vec<Flaw>,
}

/// What became of a connector's key on a token.
#[derive(Clone)]
pub struct Standing {
    /// The key, or what stood against it when it was last looked at.
    pub key: Result<Arc<ActiveKey>, Reason>,
    /// When its certificate is good, as far as that is known: also while the token is away.
    pub dates: Option<Dates>,
}

/// Every connector's keys, by connector and token.
#[derive(Default)]
pub struct Connectors(RwLock<BTreeMap<(Name, Name), Standing>>);

impl Connectors {
    /// Sets what became of a connector's key on a token.
    pub fn set(&self, connector: Name, token: Name, standing: Standing) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert((connector, token), standing);
    }

    /// A token went away: none of its keys is active.
    pub fn token_away(&self, token: &Name) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for ((_, at), standing) in keys.iter_mut() {
            if at == token && standing.key.is_ok() {
                standing.key = Err(Reason::TokenAway(token.clone()));
            }
        }
    }

    /// The keys that may sign for the connector now, in the order of its tokens; there is at least one. One whose
    /// certificate is not good at `now` (seconds since 1970) is among them only where none is better.
    pub fn active(
        &self,
        name: &Name,
        connector: &Connector,
        now: i64,
    ) -> Result<Vec<Arc<ActiveKey>>, Reason> {
        let (mut active, mut blocked) = (Vec::new(), None);
        for token in &connector.tokens {
            match self.standing(name, token).key {
                Ok(key) => active.push(key),
                Err(why) => blocked = blocked.or(Some(why)),
            }
        }
        if active.iter().any(|key| key.dates.hold(now)) {
            active.retain(|key| key.dates.hold(now));
        }
        let none = || blocked.unwrap_or_else(|| Reason::Unprovisioned(name.clone()));
        if active.is_empty() { Err(none()) } else { Ok(active) }
    }

    /// Whether a pinned key, or its certificate, did not show on the token as it should.
    pub fn misses_a_key(&self, token: &Name) -> bool {
        use Reason::{CertificateLost, Mismatch, Missing, Unfit, Unrecorded};
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut there = keys.iter().filter(|((_, at), _)| at == token);
        there.any(|(_, standing)| {
            matches!(
                standing.key,
                Err(Missing(_) | Mismatch(_) | Unfit(..) | Unrecorded(_) | CertificateLost(_))
            )
        })
    }

    /// What became of a connector's key on a token.
    pub fn standing(&self, name: &Name, token: &Name) -> Standing {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let standing = keys.get(&(name.clone(), token.clone())).cloned();
        standing.unwrap_or_else(|| Standing::away(token))
    }
}

impl Standing {
    /// Nothing is known before the token was looked at.
    pub fn away(token: &Name) -> Self {
        Self { key: Err(Reason::TokenAway(token.clone())), dates: None }
    }
}

impl ActiveKey {
    /// Joins a key and its certificate, which must be for that very key and be the one that the ledger names.
    pub fn new(eligible: EligibleKey, certificate: Vec<u8>, recorded: Sha256) -> Result<Self, Reason> {
        let EligibleKey { key, excused } = eligible;
        let lost = || Reason::CertificateLost(key.connector.clone());
        let certified = PublicKey::from_certificate(&certificate).map_err(|_| lost())?;
        let thumbprint = Thumbprint::of(&certificate);
        if certified.sha256() != key.pin.spki_sha256 || thumbprint.sha256() != recorded {
            return Err(lost());
        }
        let dates = Dates::of(&certificate).ok_or_else(lost)?;
        Ok(Self { key, certificate, thumbprint, dates, excused })
    }
}
