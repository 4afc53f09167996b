//! `kunci-evidence/1`, as it comes. Unknown members are tolerated: a newer agent may say more.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use crate::path::MAX_DEPTH;
use crate::{Certificate, Evidence, Limit, Malformed, yubico};

/// The `format` of a bundle.
pub const BUNDLE: &str = "kunci-evidence/1";
/// The most keys of one bundle.
pub(crate) const MAX_KEYS: usize = 64;
/// The most certificates of one key: those of a path, and as many that have no part in it.
pub(crate) const MAX_CHAIN: usize = 2 * MAX_DEPTH;
/// The most entries of one key.
pub(crate) const MAX_ENTRIES: usize = 256;

/// A bundle.
#[derive(Clone, Debug, Deserialize)]
pub struct Bundle {
    format: String,
    /// Whose keys.
    pub(super) connector: String,
    #[serde(default)]
    pub(super) keys: Vec<Key>,
}

/// One key of it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Key {
    pub(super) token: String,
    #[serde(default)]
    pub(super) key: String,
    #[serde(default)]
    pub(super) spki_sha256: String,
    #[serde(default)]
    pub(super) certificate: Option<String>,
    #[serde(default)]
    pub(super) attestation: Vec<String>,
    #[serde(default)]
    pub(super) tpm2: Option<Value>,
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, Value>,
    #[serde(default)]
    pub(super) findings: Vec<Posture>,
    #[serde(default)]
    pub(super) device: Option<Device>,
    #[serde(default)]
    pub(super) ledger: Vec<Record>,
}

/// A requirement that the agent found unmet.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Posture {
    pub(super) code: String,
    #[serde(default)]
    pub(super) reason: String,
    #[serde(default)]
    pub(super) excepted: bool,
}

/// The token in its module's words.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Device {
    pub(super) label: String,
    pub(super) manufacturer: String,
    pub(super) model: String,
    pub(super) serial: String,
    pub(super) library: String,
    pub(super) software: bool,
}

/// An entry of the ledger.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Record {
    pub(super) index: u64,
    pub(super) entry: Entry,
}

/// What is compared of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Entry {
    pub(super) key: Option<String>,
    pub(super) connector: Option<String>,
    pub(super) spki_sha256: Option<String>,
    pub(super) certificate_sha256: Option<String>,
}

impl Bundle {
    /// The bundle that the evidence is, with nothing beside it but certificates that attest no key: those would go unjudged.
    pub fn alone(evidence: &Evidence) -> Option<Result<Self, Malformed>> {
        let [document] = evidence.documents.as_slice() else { return None };
        let others = evidence.requests.len() + evidence.keys.len() + evidence.statements.len();
        let attests = |one: &Certificate| yubico::kind_of(one).is_some();
        let is_alone = others == 0 && !evidence.certificates.iter().any(attests);
        (document.format == BUNDLE && is_alone).then(|| Self::from_json(&document.bytes))
    }

    /// Reads a bundle.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Malformed> {
        let parsed: Self = serde_json::from_slice(bytes)
            .map_err(|error| Malformed::Unreadable(format!("no {BUNDLE} object: {error}")))?;
        let is_too_large = |key: &Key| key.attestation.len() > MAX_CHAIN || key.ledger.len() > MAX_ENTRIES;
        if parsed.keys.len() > MAX_KEYS {
            return Err(Malformed::TooLarge(Limit::Keys));
        }
        if parsed.keys.iter().any(is_too_large) {
            return Err(Malformed::TooLarge(Limit::Parts));
        }
        if parsed.format == BUNDLE { Ok(parsed) } else { Err(Malformed::Format) }
    }
}

impl Key {
    /// The certificate that customers have.
    pub(super) fn certificate(&self) -> Result<Option<Certificate>, Malformed> {
        self.certificate.as_ref().map(|text| certificate("certificate", text)).transpose()
    }

    /// The maker's certificates.
    pub(super) fn attestation(&self) -> Result<Vec<Certificate>, Malformed> {
        self.attestation.iter().map(|text| certificate("attestation", text)).collect()
    }
}

fn certificate(member: &str, text: &str) -> Result<Certificate, Malformed> {
    let unreadable = |why: String| Malformed::Unreadable(format!("its {member}: {why}"));
    let der = STANDARD.decode(text).map_err(|error| unreadable(error.to_string()))?;
    Certificate::from_der(&der).map_err(|error| unreadable(error.to_string()))
}
