//! How the ledger's own key is made, and what it is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Finding;

/// How to make the ledger's key.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InitKey {
    /// Begin a new log, under an origin that was never used, although the token holds a ledger's key that this log does not
    /// know: that of a log that is lost. It is left alone, and signs nothing any more.
    pub new_log: bool,
}

/// The ledger's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LedgerKey {
    /// "created" or "unchanged".
    #[schema(format = "code")]
    pub outcome: String,
    /// The log's name (C2SP tlog-checkpoint).
    pub origin: String,
    /// What an auditor verifies checkpoints by (C2SP signed-note).
    pub vkey: String,
    /// The token that holds the key.
    #[schema(format = "name")]
    pub token: String,
    /// "software" or "asserted".
    #[schema(format = "code")]
    pub grade: String,
    /// "ed25519" or "p-256".
    #[schema(format = "code")]
    pub kind: String,
    /// The key's CKA_ID, hex.
    #[schema(format = "hex")]
    pub key: String,
    /// SHA-256 of the SubjectPublicKeyInfo, hex.
    #[schema(format = "hex-sha256")]
    pub spki_sha256: String,
    /// What the key fails and signs with all the same, by the configuration's exceptions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}
