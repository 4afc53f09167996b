//! How a key is named: by its `CKA_ID` and by the SHA-256 of its public key.
//!
//! Both travel as lower-case hex in JSON and as bytes on the lanes. A [`KeyRef`] is the pin: a token's key that
//! does not have both is another key, and is refused.

use std::fmt;
use std::str::FromStr;

use attest::Sha256;
use attest::hex::{self, NotHex};
use serde::{Deserialize, Serialize};

/// A key's `CKA_ID`: 16 random bytes chosen by the front before the key is made (PKCS#11 section 4.5).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct KeyId(#[serde(with = "attest::hex")] pub [u8; 16]);

/// Exactly one key: what the ledger's `generated` entry pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KeyRef {
    /// The key's `CKA_ID`.
    pub id: KeyId,
    /// SHA-256 of its SubjectPublicKeyInfo (RFC 5280 section 4.1).
    pub spki_sha256: Sha256,
}

impl FromStr for KeyId {
    type Err = NotHex;

    fn from_str(text: &str) -> Result<Self, NotHex> {
        hex::parse(text).map(Self)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(&self.0, f)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex::write(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_forms_round_trip_and_nothing_else_parses() {
        let id = KeyId(*b"0123456789abcdef");
        assert_eq!(id.to_string().parse::<KeyId>().unwrap(), id);
        for bad in ["", "30", "3031323334353637383961626364656g", "+0313233343536373839616263646566"] {
            assert!(bad.parse::<KeyId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn lanes_carry_bytes_and_json_carries_hex() {
        let pin = KeyRef { id: KeyId([7; 16]), spki_sha256: Sha256([9; 32]) };
        assert_eq!(postcard::to_stdvec(&pin).unwrap().len(), 48);
        let json = serde_json::to_string(&pin).unwrap();
        assert!(json.contains("07070707"), "{json}");
        assert_eq!(serde_json::from_str::<KeyRef>(&json).unwrap(), pin);
    }
}
