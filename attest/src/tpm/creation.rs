//! How a TPM made a key: TPMS_CREATION_DATA, of which a statement holds only the digest.
//!
//! Optional evidence: what it adds is the parent that the key was made under, and what the maker wanted to be kept
//! with it. TPM 2.0 Library, part 2, section 15.1.

use super::public::Name;
use super::wire::{Reader, WireError, unsized_of};

const WHAT: &str = "creation data";
/// The longest digest, in bytes.
const MAX_DIGEST: usize = 64;
/// The longest name, in bytes: algorithm and digest.
const MAX_NAME: usize = 66;
/// PCR banks that a selection may list.
const MAX_BANKS: u32 = 16;
/// Octets of one bank's bit map.
const MAX_SELECT: usize = 4;
/// TPM_ALG_NULL: the parent is a hierarchy, whose name is its handle.
const NO_PARENT: u16 = 0x0010;

/// The circumstances of a key's birth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Creation {
    /// The parent's name; none where a hierarchy itself is the parent (a primary key).
    pub parent: Option<Name>,
    /// What the maker had the TPM keep with it.
    pub outside_info: Vec<u8>,
    /// What a statement's digest is over.
    pub content: Vec<u8>,
}

impl Creation {
    /// Parses a TPM2B_CREATION_DATA, as `tpm2_create --creation-data` writes it.
    pub fn parse(bytes: &[u8]) -> Result<Self, WireError> {
        let content = unsized_of(WHAT, bytes)?;
        let mut reader = Reader::new(WHAT, content)?;
        let banks = reader.u32()?;
        if banks > MAX_BANKS {
            return Err(WireError::Large(WHAT));
        }
        for _ in 0..banks {
            reader.u16()?;
            let octets = usize::from(reader.u8()?);
            if octets > MAX_SELECT {
                return Err(WireError::Large(WHAT));
            }
            reader.take(octets)?;
        }
        let _pcr_digest = reader.sized(MAX_DIGEST)?;
        let _locality = reader.u8()?;
        let parent_alg = reader.u16()?;
        let parent = reader.sized(MAX_NAME)?;
        let _qualified = reader.sized(MAX_NAME)?;
        let outside_info = reader.sized(MAX_NAME)?.to_vec();
        reader.end()?;
        let parent = if parent_alg == NO_PARENT { None } else { Some(Name::parse(parent)?) };
        Ok(Self { parent, outside_info, content: content.to_vec() })
    }
}
