//! One signature's line: `— NAME BASE64`, where the bytes are the key's id and what it signed with.

use std::{fmt, str::FromStr};

use base64::{Engine, prelude::BASE64_STANDARD};

use super::{
    DASH,
    vkey::{KeyId, Vkey, is_name},
};

/// Whose signature it claims to be, and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    name: String,
    id: KeyId,
    bytes: Vec<u8>,
}

/// The text is no signature's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a signature line of C2SP signed-note")]
pub struct BadSignature;

impl Signature {
    /// A signature that the key made of a note's text. Nobody has verified it.
    pub fn new(key: &Vkey, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name: key.name().to_owned(), id: key.id(), bytes: bytes.into() }
    }

    /// A cosignature that the key made at a time, in seconds since 1970 (C2SP tlog-cosignature).
    pub fn cosignature(key: &Vkey, time: u64, bytes: &[u8]) -> Self {
        Self::new(key, [&time.to_be_bytes(), bytes].concat())
    }

    /// The name of the key that it claims.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the key that it claims.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// What follows the id.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether it claims to be of this key.
    pub fn is_by(&self, key: &Vkey) -> bool {
        self.name == key.name() && self.id == key.id()
    }
}

impl FromStr for Signature {
    type Err = BadSignature;

    fn from_str(line: &str) -> Result<Self, BadSignature> {
        let (name, bytes) =
            line.strip_prefix(DASH).and_then(|rest| rest.split_once(' ')).ok_or(BadSignature)?;
        let bytes = BASE64_STANDARD.decode(bytes).map_err(|_| BadSignature)?;
        match bytes.split_first_chunk() {
            Some((id, bytes)) if is_name(name) && !bytes.is_empty() => {
                Ok(Self { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
            }
            _ => Err(BadSignature),
        }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [self.id.as_slice(), &self.bytes].concat();
        write!(f, "{DASH}{} {}", self.name, BASE64_STANDARD.encode(bytes))
    }
}
