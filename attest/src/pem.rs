//! PEM as people have it (RFC 7468): text around and between blocks, any line width, any line ends.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// A PEM block.
pub(crate) struct Block<'a> {
    /// Its label, as in `CERTIFICATE`.
    pub(crate) label: &'a str,
    /// What it holds.
    pub(crate) der: Vec<u8>,
}

/// Why a text is not PEM.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BadPem {
    #[error("a PEM block has no end, or the end of another one")]
    Cut,
    #[error("a PEM block does not hold base64")]
    Base64,
}

/// Whether there is a block in it.
pub(crate) fn is_pem(text: &str) -> bool {
    text.contains(BEGIN)
}

/// All blocks of a text, in its order.
pub(crate) fn blocks(text: &str) -> Result<Vec<Block<'_>>, BadPem> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(BEGIN) {
        let (block, after) = block(&rest[at + BEGIN.len()..])?;
        found.push(block);
        rest = after;
    }
    Ok(found)
}

fn block(text: &str) -> Result<(Block<'_>, &str), BadPem> {
    let (label, text) = text.split_once(DASHES).ok_or(BadPem::Cut)?;
    let (body, text) = text.split_once("-----END ").ok_or(BadPem::Cut)?;
    let after = text.strip_prefix(label).and_then(|text| text.strip_prefix(DASHES)).ok_or(BadPem::Cut)?;
    let digits: String = body.split_ascii_whitespace().collect();
    let der = STANDARD.decode(digits).map_err(|_| BadPem::Base64)?;
    Ok((Block { label, der }, after))
}
