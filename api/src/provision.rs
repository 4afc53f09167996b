//! How a connector is provisioned, and what that did on each of its tokens.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Number;
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
    #[serde(deserialize_with = "whole")]
    pub days: Option<u32>,
    /// With an adopted key: make a new self-signed certificate. Unless asked for, the one in the state directory or on the
    /// token is kept, since customers hold it; where there is none, the key waits for `PUT …/certificate`.
    pub new_certificate: bool,
    /// Adopt the orphaned key with this SHA-256 of its SubjectPublicKeyInfo (hex) instead of making one.
    #[schema(format = "digest-to-adopt")]
    pub adopt_spki_sha256: Option<String>,
}

/// JSON has one kind of number, so that 88.0 is 88 (JSON Schema validation, 6.1.1).
fn whole<'de, D: Deserializer<'de>>(number: D) -> Result<Option<u32>, D::Error> {
    let Some(number) = Option::<Number>::deserialize(number)? else { return Ok(None) };
    let exact =
        || number.as_f64().filter(|number| number.fract() == 0.0).map(|number| format!("{number:.0}"));
    let whole = number.as_u64().map(|number| number.to_string()).or_else(exact);
    let days = whole.and_then(|whole| whole.parse().ok());
    days.map(Some).ok_or_else(|| D::Error::custom("days: not a whole number of days"))
}

/// What provisioning did on one token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Provisioned {
    /// The connector's name.
    #[schema(format = "name")]
    pub connector: String,
    /// The token's name.
    #[schema(format = "name")]
    pub token: String,
    /// "created", "adopted", "certified", "unchanged", or "nothing-to-adopt": the key that shall be adopted is not on it.
    #[schema(format = "code")]
    pub outcome: String,
    /// "software" or "asserted".
    #[schema(format = "code")]
    pub grade: String,
    /// The key's CKA_ID, hex; empty where there was nothing to adopt.
    #[schema(format = "hex")]
    pub key: String,
    /// SHA-256 of the SubjectPublicKeyInfo, hex; empty where there was nothing to adopt.
    #[schema(format = "hex")]
    pub spki_sha256: String,
    /// SHA-256 of the certificate, hex; absent until one is installed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "hex-sha256")]
    pub certificate_sha256: Option<String>,
    /// SHA-256 of each certificate that was found of an adopted key, hex, where there is more than one: none serves until
    /// the one that customers hold is installed. Each has a copy in the state directory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(format = "hex-sha256")]
    pub certificates_in_doubt: Vec<String>,
    /// The certificate request, PEM, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "pem")]
    pub csr: Option<String>,
    /// From when its certificate is good, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub not_before: Option<String>,
    /// Until when its certificate is good, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub not_after: Option<String>,
    /// What blocks, fails or is to be noted of the key now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<ReadinessReason>,
    /// Keys with the connector's label on this token that the ledger does not pin, by SPKI digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(format = "hex-sha256")]
    pub orphans: Vec<String>,
    /// Those of them that this log began to make and a cut left behind; the others it has never heard of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(format = "hex-sha256")]
    pub unfinished: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_however_json_writes_them() {
        let days = |text: &str| {
            serde_json::from_str::<Provision>(&format!("{{\"days\":{text}}}")).ok().map(|how| how.days)
        };
        for (text, expected) in [("88", Some(88)), ("88.0", Some(88)), ("8.8e1", Some(88)), ("null", None)] {
            assert_eq!(days(text), Some(expected), "{text}");
        }
        for text in ["88.5", "-1", "-1.0", "1e10", "\"88\"", "true"] {
            assert_eq!(days(text), None, "{text}");
        }
        assert_eq!(serde_json::from_str::<Provision>("{}").ok().map(|how| how.days), Some(None));
    }
}
