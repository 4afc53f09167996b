//! How a connector is provisioned, and what that did on each of its tokens.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ReadinessReason;

/// How to provision.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Provision {
    /// Make a certificate request for a CA instead of a self-signed certificate.
    pub csr: bool,
    /// Days that a self-signed certificate is valid. Unless given, 180 for the first key of the configuration and a day less
    /// for each further one, down to 151, so that those that are made on one day end on several.
    #[schema(minimum = 1, maximum = 1825)]
    pub days: Option<u32>,
    /// With an adopted key: make a new self-signed certificate. Unless asked for, the one in the state directory or on the
    /// token is kept, since customers hold it; where there is none, the key waits for `PUT …/certificate`.
    pub new_certificate: bool,
    /// Adopt the orphaned key with this SHA-256 of its SubjectPublicKeyInfo (hex) instead of making one.
    pub adopt_spki_sha256: Option<String>,
}

/// What provisioning did on one token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Provisioned {
    /// The connector's name.
    pub connector: String,
    /// The token's name.
    pub token: String,
    /// "created", "adopted", "certified", "unchanged", or "nothing-to-adopt": the key that shall be adopted is not on it.
    pub outcome: String,
    /// "software" or "asserted".
    pub grade: String,
    /// The key's CKA_ID, hex; empty where there was nothing to adopt.
    pub key: String,
    /// SHA-256 of the SubjectPublicKeyInfo, hex; empty where there was nothing to adopt.
    pub spki_sha256: String,
    /// SHA-256 of the certificate, hex; absent until one is installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_sha256: Option<String>,
    /// SHA-256 of each certificate that was found of an adopted key, hex, where there is more than one: none serves until
    /// the one that customers hold is installed. Each has a copy in the state directory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates_in_doubt: Vec<String>,
    /// The certificate request, PEM, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csr: Option<String>,
    /// From when its certificate is good, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// Until when its certificate is good, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<String>,
    /// What blocks, fails or is to be noted of the key now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<ReadinessReason>,
    /// Keys with the connector's label on this token that the ledger does not pin, by SPKI digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orphans: Vec<String>,
    /// Those of them that this log began to make and a cut left behind; the others it has never heard of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unfinished: Vec<String>,
}
