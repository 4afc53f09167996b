//! The identifier of a key that its module named, not Kunci: `CKA_ID` as it is on the token.
//!
//! Modules for smart cards number keys by their slot, and make none under another identifier. Such a key is named in the
//! configuration; it is nobody's until it is adopted. PKCS#11 v3.1 section 4.5; RFC 7512 writes it `id=%02`.

use crate::problem::Fault;
use crate::tenant::excerpt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The longest that can be named, in bytes: the ledger's name of a key holds all of it, beside what tells one birth from the
/// next.
const MAX_BYTES: usize = 4;

/// A `CKA_ID` of one to four bytes, written in hexadecimal digits.
///
/// ```
/// use hsm_config::CkaId;
/// assert_eq!("02".parse::<CkaId>().unwrap().bytes(), [2]);
/// assert!("%02".parse::<CkaId>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^([0-9a-f]{2}){1,4}$"))]
pub struct CkaId(Vec<u8>);

impl CkaId {
    /// The identifier with these bytes, if it can be named.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        (1..=MAX_BYTES).contains(&bytes.len()).then(|| Self(bytes.to_vec()))
    }

    /// As it is on the token.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for CkaId {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let bytes = base16ct::lower::decode_vec(text).ok();
        bytes.and_then(|bytes| Self::of(&bytes)).ok_or_else(|| {
            let help = "write one to four bytes in hexadecimal digits, as \"02\"; `pkcs11-tool --list-objects` shows them";
            Fault::value(format!("{} is not a CKA_ID that can be named", excerpt(text)), help)
        })
    }
}

impl fmt::Display for CkaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&base16ct::lower::encode_string(&self.0))
    }
}

impl TryFrom<String> for CkaId {
    type Error = Fault;

    fn try_from(text: String) -> Result<Self, Fault> {
        text.parse()
    }
}

impl From<CkaId> for String {
    fn from(id: CkaId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_to_four_bytes_in_small_digits_are_an_identifier() {
        for good in ["02", "0a", "deadbeef"] {
            assert_eq!(good.parse::<CkaId>().unwrap().to_string(), good);
        }
        for bad in ["", "2", "0A", "%02", "02 ", "0x02", "deadbeef00", "é"] {
            assert!(bad.parse::<CkaId>().is_err(), "{bad}");
        }
    }
}
