//! The evidence of where a connector's keys were born, for an auditor, who believes nothing of it (docs/evidence-format.md).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::{Finding, KeyState};

/// The `format` of a bundle.
pub const FORMAT: &str = "kunci-evidence/1";

/// A bundle of evidence.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Evidence {
    /// `kunci-evidence/1`
    pub format: String,
    /// The connector's name.
    #[schema(format = "name")]
    pub connector: String,
    /// When it was put together, RFC 3339.
    #[schema(format = "date-time")]
    pub time: String,
    /// The agent's version.
    pub agent: String,
    /// SHA-256 of the configuration file that is in force, hex.
    #[schema(format = "hex-sha256")]
    pub configuration_sha256: String,
    /// The connector's pinned keys.
    pub keys: Vec<EvidenceKey>,
}

/// One key's evidence. Nothing of it must be believed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EvidenceKey {
    /// The token's name.
    #[schema(format = "name")]
    pub token: String,
    /// CKA_ID, hex.
    #[schema(format = "hex")]
    pub key: String,
    /// How far the key got.
    pub state: KeyState,
    /// SHA-256 of the SubjectPublicKeyInfo, hex: the pin.
    #[schema(format = "hex-sha256")]
    pub spki_sha256: String,
    /// "asserted" or "software", as the agent sees it; absent while the token is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "code")]
    pub grade: Option<String>,
    /// The certificate that customers have, DER, base64; absent where there is none yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "base64")]
    pub certificate: Option<String>,
    /// The maker's certificates over the key, the key's own first; DER, base64. Empty where the token offers none.
    #[serde(default)]
    #[schema(format = "base64")]
    pub attestation: Vec<String>,
    /// A TPM's answer to a challenge, a `kunci-tpm/1` object; `kunci evidence --challenge` adds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub tpm2: Option<Box<RawValue>>,
    /// The private key's attributes as the module tells them; one that it does not tell is absent.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub attributes: BTreeMap<String, Value>,
    /// The requirements that the key or its token fails, as the agent found them.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// The token as its module describes it; absent while it is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<EvidenceDevice>,
    /// The ledger's entries of the key's life.
    #[serde(default)]
    pub ledger: Vec<EvidenceEntry>,
}

/// A token in its module's words.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EvidenceDevice {
    /// CK_TOKEN_INFO label.
    pub label: String,
    /// CK_TOKEN_INFO manufacturerID.
    pub manufacturer: String,
    /// CK_TOKEN_INFO model.
    pub model: String,
    /// CK_TOKEN_INFO serialNumber.
    pub serial: String,
    /// The module: CK_INFO libraryDescription and version.
    pub library: String,
    /// Whether the agent takes it for a soft token.
    pub software: bool,
}

/// An entry of the ledger.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct EvidenceEntry {
    /// Its index.
    pub index: u64,
    /// Its bytes, unchanged: their RFC 6962 leaf hash is the log's.
    #[schema(value_type = Object)]
    pub entry: Box<RawValue>,
}
