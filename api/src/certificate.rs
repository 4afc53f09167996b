//! A connector's certificate, as it is read and as it is installed.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ReadinessReason;

/// The longest body of an admin's request, in bytes: a certificate chain in PEM fits.
pub const MAX_ADMIN_BODY: usize = 64 * 1024;

/// A connector's certificate on one token.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Certificate {
    /// The connector's name.
    #[schema(format = "name")]
    pub connector: String,
    /// The token that holds the key.
    #[schema(format = "name")]
    pub token: String,
    /// The certificate, PEM (RFC 7468).
    #[schema(format = "pem")]
    pub pem: String,
    /// SHA-256 of its DER, base64url: `x5t#S256`.
    #[schema(format = "base64url-sha256")]
    pub x5t_s256: String,
    /// SHA-256 of its DER, hex.
    #[schema(format = "hex-sha256")]
    pub sha256: String,
    /// From when it is good, RFC 3339.
    #[serde(default)]
    #[schema(format = "date-time")]
    pub not_before: String,
    /// Until when it is good, RFC 3339.
    #[serde(default)]
    #[schema(format = "date-time")]
    pub not_after: String,
    /// What its dates make of it now: that nobody can sign in with it, or that it ends soon.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<ReadinessReason>,
}

/// A certificate to install.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Install {
    /// The certificate of the connector's key, PEM. Others may be beside it, as in a chain, in any order.
    #[schema(format = "pem")]
    pub pem: String,
    /// Install it also where it is over or has not begun.
    #[serde(default)]
    pub force: bool,
}
