//! A connector, its keys, and how far each of them got.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ReadinessReason;

/// A connector.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Connector {
    /// Its name.
    #[schema(format = "name")]
    pub name: String,
    /// The region it serves.
    pub region: String,
    /// PS256, RS256 or ES256.
    pub algorithm: String,
    /// The longest lifetime of its assertions, in seconds.
    pub lifetime_s: u64,
    /// How many (tenant, client id) pairs it serves.
    pub tenants: usize,
    /// Why it is frozen; absent when it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<String>,
    /// Whether it signs now.
    pub ready: bool,
    /// Whether a sign-in can succeed now: it signs, by a key of which nothing blocks or fails.
    #[serde(default)]
    pub serves: bool,
    /// Its keys, one for each of its tokens.
    pub keys: Vec<KeyStanding>,
}

/// A connector's key on one token.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct KeyStanding {
    /// The token's name.
    #[schema(format = "name")]
    pub token: String,
    /// How far the key got; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<KeyState>,
    /// "asserted" or "software"; absent while the token is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "code")]
    pub grade: Option<String>,
    /// SHA-256 of the SubjectPublicKeyInfo, hex: the pin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "hex-sha256")]
    pub spki_sha256: Option<String>,
    /// SHA-256 of the certificate, hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "hex-sha256")]
    pub certificate_sha256: Option<String>,
    /// The codes of the requirements that it fails and signs with all the same, by the configuration's exceptions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(format = "code")]
    pub exceptions: Vec<String>,
    /// From when its certificate is good, RFC 3339; absent while that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub not_before: Option<String>,
    /// Until when its certificate is good, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub not_after: Option<String>,
    /// Why it does not sign now; absent when it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inactive: Option<String>,
    /// All that blocks, fails or is to be noted, what weighs most first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<ReadinessReason>,
}

/// How far a key got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeyState {
    /// The identifier is durable; the token may or may not have made the key.
    Generating,
    /// The key is pinned.
    Generated,
    /// Its certificate is installed.
    Certified,
    /// Destroyed, or given up.
    Destroyed,
}

impl KeyState {
    /// The ledger's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Generating => "generating",
            Self::Generated => "generated",
            Self::Certified => "certified",
            Self::Destroyed => "destroyed",
        }
    }

    /// The state of a word of the ledger's.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Generating, Self::Generated, Self::Certified, Self::Destroyed]
            .into_iter()
            .find(|state| state.as_str() == text)
    }
}
