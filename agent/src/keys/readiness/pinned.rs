//! The key that may sign, out of what a token's survey told: exactly the ledger's pinned one, fit, and of the right kind.

use std::sync::Arc;

use hsm_config::{Connector, Flaw, KeyType, Name};
use token::control::label;
use token::lane::KeyReport;
use token::{KeyRef, PublicKey};

use super::Reason;
use crate::keys::lifecycle::{Key, Lifecycle};
use crate::keys::posture::Posture;
use crate::spine::draft::SigningKey;
use crate::tokens::Survey;

/// What the configuration says of a key beyond its type.
pub struct KeyPolicy {
    /// Whether a soft token will do.
    pub allow_software: bool,
    /// What its token and its connector are excused from.
    pub exceptions: Vec<Flaw>,
}

/// A key that is fit to sign, and what it is excused from.
#[derive(Clone)]
pub struct EligibleKey {
    /// The key.
    pub key: SigningKey,
    /// The exceptions that it needs.
    pub excused: Vec<Flaw>,
}

/// The surveyed key that is the ledger's pinned one, fit to sign.
pub fn pinned(
    (name, connector): (&Name, &Connector),
    token: &Name,
    key: &Key,
    survey: &Survey,
    policy: &KeyPolicy,
) -> Result<EligibleKey, Reason> {
    let pin = key.pin().ok_or_else(|| Reason::Unprovisioned(name.clone()))?;
    let (public, excused) = fit(pin, token, survey, policy)?;
    makes(public.kind(), connector, token)?;
    let key = SigningKey {
        connector: name.clone(),
        token: token.clone(),
        pin,
        public: Arc::new(public),
        algorithm: connector.algorithm,
    };
    Ok(EligibleKey { key, excused })
}

/// The surveyed key that has this pin, whoever's it is, and what excuses it; or what it fails.
pub fn fit(
    pin: KeyRef,
    token: &Name,
    survey: &Survey,
    policy: &KeyPolicy,
) -> Result<(PublicKey, Vec<Flaw>), Reason> {
    if survey.token.software && !policy.allow_software {
        return Err(Reason::Software(token.clone()));
    }
    let with_id = |report: &&KeyReport| report.id == Some(pin.id);
    let mut found = survey.keys.iter().filter(with_id);
    let report = found.next().ok_or_else(|| Reason::Missing(token.clone()))?;
    let Posture { failed, excused } = Posture::of(survey, report, &policy.exceptions);
    let unfit = |flaw: &Flaw| Reason::Unfit(token.clone(), *flaw);
    let public = match report.public_key() {
        Some(public) if public.sha256() == pin.spki_sha256 && found.next().is_none() => public,
        // A key that does not tell what it is may be the pinned one all the same; what is wrong with it says more.
        None => return Err(failed.first().map_or(Reason::Mismatch(token.clone()), unfit)),
        Some(_) => return Err(Reason::Mismatch(token.clone())),
    };
    match failed.first() {
        Some(flaw) => Err(unfit(flaw)),
        None => Ok((public, excused)),
    }
}

/// Whether a key of this kind makes the configured algorithm.
pub fn makes(kind: KeyType, connector: &Connector, token: &Name) -> Result<(), Reason> {
    let fits = kind.makes(connector.algorithm);
    if fits { Ok(()) } else { Err(Reason::KeyKind(token.clone(), kind, connector.algorithm)) }
}

/// Why a connector has no pinned key on a token: none was made yet, or the log does not know what was. `kept` says whether
/// a certificate for it is in the state directory.
pub fn unpinned(name: &Name, token: &Name, survey: &Survey, lifecycle: &Lifecycle, kept: bool) -> Reason {
    let label = label(name);
    let is_unknown = |report: &KeyReport| {
        report.label == label && report.id.is_none_or(|id| lifecycle.known_as(token.as_str(), id).is_none())
    };
    if survey.keys.iter().any(is_unknown) {
        return Reason::Orphaned(name.clone(), token.clone());
    }
    let is_ours = |key: &Key| key.connector == name.as_str() && key.token == token.as_str();
    match kept && !lifecycle.keys().iter().any(is_ours) {
        true => Reason::Forgotten(name.clone(), token.clone()),
        false => Reason::Unprovisioned(name.clone()),
    }
}
