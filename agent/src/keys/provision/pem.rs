//! PEM (RFC 7468), strict: one label, 64 columns, nothing lax.

use api::Problem;
use der::Decode;
use der::pem::LineEnding;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// PEM text of DER bytes.
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    // Only an unknown label could fail, and ours are RFC 7468's.
    der::pem::encode_string(label, LineEnding::LF, der).unwrap_or_default()
}

/// The first certificate of a PEM text, or why there is none. Its marks are whole lines; what else a CA writes around them
/// is nobody's business.
pub(crate) fn first_certificate(text: &str) -> Result<Vec<u8>, Problem> {
    let problem =
        |why: &str| Problem::input("invalid-certificate", "There is no certificate to install", why);
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let start = lines.iter().position(|line| *line == BEGIN).ok_or_else(|| problem("Send it as PEM."))?;
    let length = lines[start..].iter().position(|line| *line == END);
    let length = length.ok_or_else(|| problem("The PEM text is cut short."))?;
    let block = lines[start..=start + length].join("\n");
    let (_, der) = der::pem::decode_vec(block.as_bytes())
        .map_err(|error| problem(&format!("The PEM text cannot be decoded: {error}.")))?;
    x509_cert::Certificate::from_der(&der)
        .map_err(|error| problem(&format!("It is no certificate: {error}.")))?;
    Ok(der)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_within_a_line_is_no_mark() {
        let why = |text: &str| first_certificate(text).unwrap_err().detail;
        assert_eq!(why(&format!("# {BEGIN}\nAA==\n{END}\n")), "Send it as PEM.");
        assert_eq!(why(&format!("{BEGIN}\nAA==\nx{END}\n")), "The PEM text is cut short.");
        // The lines around it are passed over, and the block is what it is.
        let told = why(&format!("see {BEGIN} below\r\n{BEGIN}\r\nAA==\r\n{END}\r\n"));
        assert!(told.starts_with("It is no certificate"), "{told}");
    }
}
