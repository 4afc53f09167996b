//! Between PEM (RFC 7468) and DER. No byte of a certificate is made anew.

use der::Document;
use der::pem::LineEnding;

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

/// A CA's answer as PEM, whichever of both it sent. What it holds is the agent's to judge.
pub(super) fn encode(bytes: Vec<u8>) -> Result<String, Failure> {
    let neither = || {
        Failure::usage(
            "invalid-certificate",
            "The file is neither PEM nor DER",
            "Give the certificate that the CA issued.",
        )
    };
    match String::from_utf8(bytes) {
        Ok(pem) if pem.lines().any(|line| line.starts_with("-----BEGIN ")) => Ok(pem),
        Ok(_) => Err(neither()),
        Err(binary) => {
            let document = Document::try_from(binary.into_bytes()).map_err(|_| neither())?;
            document.to_pem(LABEL, LineEnding::LF).map_err(|_| neither())
        }
    }
}
