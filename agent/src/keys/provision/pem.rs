//! Certificates as a CA sends them: PEM of any line width and with anything around it, read by the auditor's reader.
//!
//! A chain has others besides the connector's, in any order: which one is meant, its key says. What is written is strict
//! (RFC 7468): one label, 64 columns.

use api::Problem;
use attest::Item;
use der::pem::LineEnding;

/// PEM text of DER bytes.
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    // Only an unknown label could fail, and ours are RFC 7468's.
    der::pem::encode_string(label, LineEnding::LF, der).unwrap_or_default()
}

/// All certificates of a PEM text, or why there is none.
pub(super) fn certificates(text: &str) -> Result<Vec<Vec<u8>>, Problem> {
    let problem =
        |why: String| Problem::input("invalid-certificate", "There is no certificate to install", why);
    let items =
        attest::parse(text.as_bytes()).map_err(|error| problem(format!("Send it as PEM: {error}.")))?;
    let mut certificates = Vec::new();
    for item in items {
        match item {
            Item::Certificate(certificate) if !certificates.contains(&certificate.der().to_vec()) => {
                certificates.push(certificate.der().to_vec());
            }
            _ => {}
        }
    }
    if certificates.is_empty() { Err(problem("Send it as PEM.".to_owned())) } else { Ok(certificates) }
}
