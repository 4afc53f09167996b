//! A LiquidSecurity HSM of Marvell's (once Cavium's), as in Google Cloud HSM: a statement of a key pair's attributes,
//! signed by the HSM partition that holds it.
//!
//! Two chains lead to the partition's key. The maker's (root, card, partition) proves that it is in such an HSM; the
//! owner's (root, partition) says whose HSM it is, and proves nothing of hardware. Statements are those of firmware 3,
//! which Google calls CAVIUM_V2_COMPRESSED; the layout and the attributes are from Marvell's "LiquidSecurity software: key
//! attestation". Those of firmware 2 are signed without padding and are not read.

mod fault;
mod gzip;
mod judge;
mod layout;
mod name;
mod pair;
mod profile;
mod spki;
#[cfg(test)]
mod tests;

pub use fault::{MAX_STATEMENT_BYTES, NotAStatement};
pub(crate) use judge::{certified, judge};
pub use layout::Statement;

/// Whether a file is a statement, bare or in gzip: no certificate, request or text begins so.
pub(crate) fn is_statement(bytes: &[u8]) -> bool {
    bytes.starts_with(gzip::MAGIC) || bytes.starts_with(layout::BEGIN)
}
