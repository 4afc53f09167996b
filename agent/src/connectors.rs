//! Which key signs for which connector now: pinned by the ledger, seen on the token, certified.
//!
//! A key becomes active only here: the survey's key has the ledger's CKA_ID and the ledger's public key digest, reads
//! back the attributes that were asked for, and its certificate is for that key. Everything else is a standing that
//! `kunci status` shows.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use hsm_config::{Connector, Flaw, Name};
use token::lane::KeyReport;
use token::message::Thumbprint;
use token::{PublicKey, Sha256};

use crate::draft::SigningKey;
use crate::lifecycle::Key;
use crate::posture::Posture;
use crate::problem::Problem;
use crate::tokens::Survey;

/// A key that may sign assertions.
pub struct ActiveKey {
    /// Whose and which.
    pub key: SigningKey,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// Its digests, as an assertion's header names it.
    pub thumbprint: Thumbprint,
    /// What it fails and signs with all the same.
    pub excused: Vec<Flaw>,
}

/// What the configuration says of a key beyond its type.
pub struct Terms {
    /// Whether a soft token will do.
    pub allow_software: bool,
    /// What its token and its connector are excused from.
    pub exceptions: Vec<Flaw>,
}

/// A key that is fit to sign, and what it is excused from.
#[derive(Clone)]
pub struct Fit {
    /// The key.
    pub key: SigningKey,
    /// The exceptions that it needs.
    pub excused: Vec<Flaw>,
}

/// Why a connector's key on a token may not sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Inactive {
    /// There is none.
    #[error("no key is provisioned; run `kunci provision {0}`")]
    Unprovisioned(Name),
    /// It waits for its certificate.
    #[error("the key has no certificate yet; run `kunci cert install {0} FILE`")]
    Uncertified(Name),
    /// The token is not there.
    #[error("the token {0} is not available")]
    TokenAway(Name),
    /// The token does not hold it.
    #[error("the token {0} does not hold the pinned key")]
    Missing(Name),
    /// The token holds another key under its identifier.
    #[error("the token {0} holds another key than the pinned one")]
    Mismatch(Name),
    /// The key or its token fails a requirement.
    #[error("the key on {0} fails a requirement: {reason}; {mend} ({1})", reason = .1.reason(), mend = .1.mend())]
    Unfit(Name, Flaw),
    /// The token is soft and the configuration does not allow that.
    #[error("the token {0} is SOFTWARE, and allow_software_tokens is not set")]
    Software(Name),
    /// An exception that the key needs is not on record.
    #[error(
        "the key on {0} needs an exception that cannot be recorded: free space or mend the ledger's disk"
    )]
    Unrecorded(Name),
    /// The certificate is neither in the state directory nor on the token, or is not the recorded one.
    #[error("the certificate that the ledger names is lost; run `kunci cert install {0} FILE`")]
    CertificateLost(Name),
}

/// What became of a connector's key on a token.
type Standing = Result<Arc<ActiveKey>, Inactive>;

/// Every connector's keys, by connector and token.
#[derive(Default)]
pub struct Connectors(RwLock<BTreeMap<(Name, Name), Standing>>);

impl Connectors {
    /// Sets what became of a connector's key on a token.
    pub fn set(&self, connector: Name, token: Name, key: Result<ActiveKey, Inactive>) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        keys.insert((connector, token), key.map(Arc::new));
    }

    /// A token went away: none of its keys is active.
    pub fn token_away(&self, token: &Name) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for ((_, at), key) in keys.iter_mut() {
            if at == token && key.is_ok() {
                *key = Err(Inactive::TokenAway(token.clone()));
            }
        }
    }

    /// The keys that may sign for the connector now, in the order of its tokens; there is at least one.
    pub fn active(&self, name: &Name, connector: &Connector) -> Result<Vec<Arc<ActiveKey>>, Inactive> {
        let (mut active, mut inactive) = (Vec::new(), None);
        for token in &connector.tokens {
            match self.standing(name, token) {
                Ok(key) => active.push(key),
                Err(why) => inactive = inactive.or(Some(why)),
            }
        }
        let none = || inactive.unwrap_or_else(|| Inactive::Unprovisioned(name.clone()));
        if active.is_empty() { Err(none()) } else { Ok(active) }
    }

    /// Whether a pinned key, or its certificate, did not show on the token as it should.
    pub fn misses_a_key(&self, token: &Name) -> bool {
        use Inactive::{CertificateLost, Mismatch, Missing, Unfit, Unrecorded};
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut there = keys.iter().filter(|((_, at), _)| at == token);
        there.any(|(_, key)| {
            matches!(key, Err(Missing(_) | Mismatch(_) | Unfit(..) | Unrecorded(_) | CertificateLost(_)))
        })
    }

    /// What became of a connector's key on a token.
    pub fn standing(&self, name: &Name, token: &Name) -> Result<Arc<ActiveKey>, Inactive> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let standing = keys.get(&(name.clone(), token.clone())).cloned();
        standing.unwrap_or_else(|| Err(Inactive::TokenAway(token.clone())))
    }
}

/// The surveyed key that is the ledger's pinned one, fit to sign.
pub fn pinned(
    (name, connector): (&Name, &Connector),
    token: &Name,
    key: Option<&Key>,
    survey: &Survey,
    terms: &Terms,
) -> Result<Fit, Inactive> {
    let key = key.ok_or_else(|| Inactive::Unprovisioned(name.clone()))?;
    let pin = key.pin().ok_or_else(|| Inactive::Unprovisioned(name.clone()))?;
    if survey.token.software && !terms.allow_software {
        return Err(Inactive::Software(token.clone()));
    }
    let with_id = |report: &&KeyReport| report.id == Some(key.id);
    let mut found = survey.keys.iter().filter(with_id);
    let report = found.next().ok_or_else(|| Inactive::Missing(token.clone()))?;
    let Posture { failed, excused } = Posture::of(survey, report, &terms.exceptions);
    let unfit = |flaw: &Flaw| Inactive::Unfit(token.clone(), *flaw);
    let public = match report.public_key() {
        Some(public) if public.sha256() == pin.spki_sha256 && found.next().is_none() => public,
        // A key that does not tell what it is may be the pinned one all the same; what is wrong with it says more.
        None => return Err(failed.first().map_or(Inactive::Mismatch(token.clone()), unfit)),
        Some(_) => return Err(Inactive::Mismatch(token.clone())),
    };
    if let Some(flaw) = failed.first() {
        return Err(unfit(flaw));
    }
    let key = SigningKey {
        connector: name.clone(),
        token: token.clone(),
        pin,
        public: Arc::new(public),
        algorithm: connector.algorithm,
    };
    Ok(Fit { key, excused })
}

impl ActiveKey {
    /// Joins a key and its certificate, which must be for that very key and be the one that the ledger names.
    pub fn new(fit: Fit, certificate: Vec<u8>, recorded: Sha256) -> Result<Self, Inactive> {
        let Fit { key, excused } = fit;
        let lost = || Inactive::CertificateLost(key.connector.clone());
        let certified = PublicKey::from_certificate(&certificate).map_err(|_| lost())?;
        let thumbprint = Thumbprint::of(&certificate);
        if certified.sha256() != key.pin.spki_sha256 || thumbprint.sha256() != recorded {
            return Err(lost());
        }
        Ok(Self { key, certificate, thumbprint, excused })
    }
}

impl Inactive {
    /// Stable, kebab-case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unprovisioned(_) => "unprovisioned",
            Self::Uncertified(_) => "uncertified",
            Self::TokenAway(_) => "token-unavailable",
            Self::Missing(_) => "key-missing",
            Self::Mismatch(_) => "key-mismatch",
            Self::Unfit(..) => "key-unfit",
            Self::Software(_) => "software-token",
            Self::Unrecorded(_) => "exception-unrecorded",
            Self::CertificateLost(_) => "certificate-lost",
        }
    }
}

impl From<Inactive> for Problem {
    fn from(why: Inactive) -> Self {
        Self::unavailable(why.code(), "The connector has no key that may sign now", why.to_string())
    }
}
