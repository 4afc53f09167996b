//! What a TPM says of a key: TPMS_ATTEST, by TPM2_CertifyCreation or TPM2_Certify.
//!
//! Both say that the object of this name is in the TPM, whole; the first says also that the TPM made it. Only a
//! restricted key's signature makes this worth anything: an unrestricted one would sign these bytes for anybody.
//! Other kinds of statement (quotes, times, audits) say nothing of a key and are refused. TPM 2.0 Library, part 2,
//! section 10.12, and part 3, sections 18.2 and 18.3.

use super::public::Name;
use super::wire::{Reader, WireError};
use crate::Hash;

const WHAT: &str = "statement";
/// TPM_GENERATED_VALUE: no restricted key signs bytes from outside that begin so.
const GENERATED: u32 = 0xff54_4347;
const CERTIFY: u16 = 0x8017;
const CREATION: u16 = 0x801a;
/// The longest nonce that a TPM takes, in bytes: a name of SHA-512.
const MAX_NONCE: usize = 66;
/// The longest name, in bytes.
const MAX_NAME: usize = 66;

/// A statement over a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What the caller asked to be signed with it.
    pub nonce: Vec<u8>,
    /// The TPM's own number of its firmware; signed as it is only by keys of the endorsement hierarchy.
    pub firmware: u64,
    /// The key that is spoken of.
    pub key: Name,
    /// What is said of it.
    pub said: Said,
}

/// What is said of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It is in the TPM with its private part (TPM2_Certify).
    Loaded,
    /// The TPM made it, and this is the digest of how (TPM2_CertifyCreation).
    Created(Vec<u8>),
}

impl Statement {
    /// Parses a TPMS_ATTEST. The signature is over these very bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(WHAT, bytes)?;
        if reader.u32()? != GENERATED {
            return Err(WireError::Invalid("statement's first word"));
        }
        let kind = reader.u16()?;
        let _signer = reader.sized(MAX_NAME)?;
        let nonce = reader.sized(MAX_NONCE)?.to_vec();
        clock(&mut reader)?;
        let firmware = reader.u64()?;
        let key = Name::parse(reader.sized(MAX_NAME)?)?;
        let said = match kind {
            CERTIFY => {
                let _qualified = reader.sized(MAX_NAME)?;
                Said::Loaded
            }
            CREATION => Said::Created(reader.sized(MAX_NAME)?.to_vec()),
            _ => return Err(WireError::Unsupported("kind of statement", u32::from(kind))),
        };
        reader.end()?;
        Ok(Self { nonce, firmware, key, said })
    }

    /// Whether this is how the key was made. True as well where the statement does not speak of it.
    pub fn tells_creation(&self, hash: Hash, creation_data: &[u8]) -> bool {
        match &self.said {
            Said::Loaded => true,
            Said::Created(digest) => hash.digest(creation_data).as_ref() == digest.as_slice(),
        }
    }
}

/// TPMS_CLOCK_INFO: a clock that nobody set, two counters, and whether it went backwards.
fn clock(reader: &mut Reader<'_>) -> Result<(), WireError> {
    reader.u64()?;
    reader.u32()?;
    reader.u32()?;
    match reader.u8()? {
        0 | 1 => Ok(()),
        _ => Err(WireError::Invalid("statement's clock")),
    }
}
