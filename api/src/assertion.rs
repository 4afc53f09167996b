//! A client assertion (RFC 7523): what is asked for, and what comes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest body of an assertion request, in bytes.
pub const MAX_BODY: usize = 4 * 1024;

/// The body of `POST /v1/connectors/{c}/assertions`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssertionRequest {
    /// The customer's tenant: an id or a domain name, never common, organizations or consumers.
    #[schema(format = "tenant", example = "6b6a9f8c-7a3f-4a54-9a8e-0f1b4a6f2d11")]
    pub tenant: String,
    /// The application's client id in that tenant.
    #[schema(format = "client-id", example = "2f0c1a52-6b1d-4f0e-8a27-6f6f5f0d9a01")]
    pub client_id: String,
}

/// A signed client assertion (RFC 7523).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Assertion {
    /// The compact JWS: the `client_assertion` of a token request.
    #[schema(format = "jws")]
    pub assertion: String,
    /// Its id; the ledger names it too.
    #[schema(format = "uuid")]
    pub jti: String,
    /// Its expiry, seconds since 1970.
    pub expires_at: i64,
    /// SHA-256 of the certificate, base64url: the header's `x5t#S256`; a header with RS256 has `x5t` in its place.
    #[schema(format = "base64url-sha256")]
    pub x5t_s256: String,
    /// The index of its intent in the log.
    pub log_index: u64,
}
