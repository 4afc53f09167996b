//! A certificate as the keyCredential that Microsoft Graph takes
//! (learn.microsoft.com/graph/api/resources/keycredential).
//!
//! `customKeyIdentifier` and `keyId` are left to Graph: the first defaults to the thumbprint, the second is its own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use der::Decode;
use serde::Serialize;
use x509_cert::Certificate;

use super::pem;
use crate::failure::Failure;

/// The longest display name that Graph keeps whole, in characters.
const MAX_DISPLAY_NAME: usize = 90;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyCredential {
    #[serde(rename = "type")]
    kind: &'static str,
    usage: &'static str,
    key: String,
    display_name: String,
    start_date_time: String,
    end_date_time: String,
}

/// The JSON of one keyCredential.
pub(super) fn key_credential(pem: &str) -> Result<Vec<u8>, Failure> {
    let bytes = pem::decode(pem)?;
    let unreadable = |why: String| {
        let title = format!("The agent's certificate cannot be read: {why}");
        Failure::unavailable("unexpected-answer", title, "Install a certificate that others can read.")
    };
    let certificate = Certificate::from_der(&bytes).map_err(|error| unreadable(error.to_string()))?;
    let tbs = certificate.tbs_certificate();
    let credential = KeyCredential {
        kind: "AsymmetricX509Cert",
        usage: "Verify",
        key: STANDARD.encode(&bytes),
        display_name: tbs.subject().to_string().chars().take(MAX_DISPLAY_NAME).collect(),
        start_date_time: tbs.validity().not_before.to_date_time().to_string(),
        end_date_time: tbs.validity().not_after.to_date_time().to_string(),
    };
    serde_json::to_vec(&credential).map_err(|error| unreadable(error.to_string()))
}

#[cfg(test)]
mod tests;
