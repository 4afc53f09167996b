//! PEM (RFC 7468), strict: one label, 64 columns, nothing lax.

use der::Decode;
use der::pem::LineEnding;

use crate::problem::Problem;

/// PEM text of DER bytes.
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    // Only an unknown label could fail, and ours are RFC 7468's.
    der::pem::encode_string(label, LineEnding::LF, der).unwrap_or_default()
}

/// The first certificate of a PEM text, or why there is none.
pub(crate) fn first_certificate(text: &str) -> Result<Vec<u8>, Problem> {
    let problem =
        |why: &str| Problem::input("invalid-certificate", "There is no certificate to install", why);
    const END: &str = "-----END CERTIFICATE-----";
    let start = text.find("-----BEGIN CERTIFICATE-----").ok_or_else(|| problem("Send it as PEM."))?;
    let length = text[start..].find(END).ok_or_else(|| problem("The PEM text is cut short."))? + END.len();
    let (_, der) = der::pem::decode_vec(&text.as_bytes()[start..start + length])
        .map_err(|error| problem(&format!("The PEM text cannot be decoded: {error}.")))?;
    x509_cert::Certificate::from_der(&der)
        .map_err(|error| problem(&format!("It is no certificate: {error}.")))?;
    Ok(der)
}
