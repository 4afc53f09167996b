//! How a key is named: by its `CKA_ID` and by the SHA-256 of its public key.
//!
//! Both travel as lower-case hex in JSON and as bytes on the lanes. A [`KeyRef`] is the pin: a token's key that
//! does not have both is another key, and is refused.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Digest;

/// A key's `CKA_ID`: 16 random bytes chosen by the front before the key is made (PKCS#11 section 4.5).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 16]);

/// A SHA-256 digest (FIPS 180-4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256(pub [u8; 32]);

/// Exactly one key: what the ledger's `generated` entry pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KeyRef {
    /// The key's `CKA_ID`.
    pub id: KeyId,
    /// SHA-256 of its SubjectPublicKeyInfo (RFC 5280 section 4.1).
    pub spki_sha256: Sha256,
}

impl Sha256 {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }
}

/// Text that is not the hex form of an identity.
#[derive(Debug, thiserror::Error)]
#[error("expected {expected} hexadecimal digits")]
pub struct NotHex {
    expected: usize,
}

fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

fn unhex<const N: usize>(text: &str) -> Result<[u8; N], NotHex> {
    let refuse = || NotHex { expected: 2 * N };
    if text.len() != 2 * N || !text.bytes().all(|c| c.is_ascii_hexdigit()) {
        return Err(refuse());
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let pair = str::from_utf8(pair).map_err(|_| refuse())?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| refuse())?;
    }
    Ok(bytes)
}

macro_rules! hex_identity {
    ($name:ident, $size:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                hex(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                hex(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = NotHex;
            fn from_str(text: &str) -> Result<Self, NotHex> {
                unhex(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.0.serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = String::deserialize(deserializer)?;
                    text.parse().map_err(D::Error::custom)
                } else {
                    <[u8; $size]>::deserialize(deserializer).map(Self)
                }
            }
        }
    };
}

hex_identity!(KeyId, 16);
hex_identity!(Sha256, 32);

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
