//! Between PEM (RFC 7468) and DER. No byte of a certificate is made anew.

use attest::{Certificate, Item};
use der::Document;
use der::pem::{LineEnding, encode_string};

use crate::failure::Failure;

/// The label of a certificate (RFC 7468, section 5).
const LABEL: &str = "CERTIFICATE";

/// The DER in a PEM.
pub(super) fn decode(pem: &str) -> Result<Vec<u8>, Failure> {
    match Document::from_pem(pem) {
        Ok((LABEL, document)) => Ok(document.into_vec()),
        _ => Err(Failure::unavailable(
            "unexpected-answer",
            "The agent's certificate is not PEM",
            "Use a kunci and a kunci-agent of the same version.",
        )),
    }
}

/// The certificates of a CA's answer, in whatever form it sent them. What they are good for is the agent's to judge.
pub(super) fn certificates(bytes: &[u8]) -> Result<Vec<Certificate>, Failure> {
    let none = |why: &str| {
        let title = format!("There is no certificate in the file: {why}");
        Failure::usage("invalid-certificate", title, "Give the certificate that the CA issued, PEM or DER.")
    };
    let items = attest::parse(bytes).map_err(|error| none(&error.to_string()))?;
    let certificate = |item| match item {
        Item::Certificate(certificate) => Some(*certificate),
        _ => None,
    };
    let certificates: Vec<_> = items.into_iter().filter_map(certificate).collect();
    if certificates.is_empty() { Err(none("something else is in it")) } else { Ok(certificates) }
}

/// Certificates as one PEM text.
pub(super) fn encode(certificates: &[Certificate]) -> String {
    // Only an unknown label could fail, and this one is RFC 7468's.
    certificates.iter().filter_map(|one| encode_string(LABEL, LineEnding::LF, one.der()).ok()).collect()
}
