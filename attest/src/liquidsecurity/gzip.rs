//! The gzip around a statement (RFC 1952): one member, all of it, and no more comes out than a statement may have.

use std::io::Read;

use flate2::bufread::GzDecoder;

use super::fault::{MAX_STATEMENT_BYTES, NotAStatement};

/// ID1, ID2, and the only compression method.
pub(super) const MAGIC: &[u8] = &[0x1f, 0x8b, 0x08];

/// What is in it. Memory follows what is read, and never what the file says of its size.
pub(super) fn unpacked(bytes: &[u8]) -> Result<Vec<u8>, NotAStatement> {
    let mut decoder = GzDecoder::new(bytes);
    let mut plain = Vec::new();
    let most = MAX_STATEMENT_BYTES as u64 + 1;
    (&mut decoder).take(most).read_to_end(&mut plain).map_err(|_| NotAStatement::Gzip)?;
    if plain.len() > MAX_STATEMENT_BYTES {
        return Err(NotAStatement::TooLarge);
    }
    if decoder.into_inner().is_empty() { Ok(plain) } else { Err(NotAStatement::Gzip) }
}
