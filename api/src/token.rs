//! A token as its host sees it, and what a check of it found.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Finding, ReadinessReason};

/// A token as its host sees it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct TokenStatus {
    /// The token's name.
    #[schema(format = "name")]
    pub name: String,
    /// "ready", "starting", "missing", "locked", "latched", "no-pin", "refused" or "failed".
    #[schema(format = "code")]
    pub state: String,
    /// Why, where it is not ready; what it waits for, where it waits for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// True while it waits for a person to touch it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub touch: bool,
    /// "software" or "asserted"; absent while it is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "code")]
    pub grade: Option<String>,
    /// How long a signature takes it, in milliseconds, averaged over the last few; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// Its part of all signatures since the agent's start, from 0 to 1; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// How many requests wait for it.
    #[serde(default)]
    pub waiting: usize,
    /// What its last failure was; absent once it signs again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<String>,
    /// What blocks or fails on it, for every connector with a key there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<ReadinessReason>,
    /// CK_TOKEN_INFO label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// CK_TOKEN_INFO serialNumber.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// CK_TOKEN_INFO model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// CK_TOKEN_INFO manufacturerID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    /// The codes of the exceptions that the configuration makes for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(format = "code")]
    pub exceptions: Vec<String>,
}

/// What a check found.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Checked {
    /// The token.
    pub token: TokenStatus,
    /// Each requirement that the token itself fails.
    pub findings: Vec<Finding>,
    /// Its keys, one line each.
    pub keys: Vec<CheckedKey>,
    /// Whether nothing bad was found: the token serves, and each of its keys is a pinned one that nothing blocks or fails, or
    /// has no connector.
    #[serde(default)]
    pub well: bool,
}

/// A key on a checked token.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CheckedKey {
    /// CKA_LABEL.
    pub label: String,
    /// CKA_ID, hex, where it is one of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "hex")]
    pub key: Option<String>,
    /// SHA-256 of the SubjectPublicKeyInfo, hex.
    #[schema(format = "hex-sha256")]
    pub spki_sha256: String,
    /// "pinned", "orphan", "mismatch", or "no-connector": the log pins it for a connector that the configuration does not have
    /// on this token.
    #[schema(format = "code")]
    pub standing: String,
    /// Whether a probe signature verified; absent where the key is not pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<bool>,
    /// True where the token wants the PIN for each of the key's signatures (CKA_ALWAYS_AUTHENTICATE).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pin_each_time: bool,
    /// "asserted" or "software".
    #[schema(format = "code")]
    pub grade: String,
    /// Each requirement that it fails, with those of the token.
    pub findings: Vec<Finding>,
    /// From when the connector's certificate is good, RFC 3339; absent where the key is not a connector's now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub not_before: Option<String>,
    /// Until when the connector's certificate is good, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub not_after: Option<String>,
    /// What blocks, fails or is to be noted of the connector's key here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<ReadinessReason>,
}
