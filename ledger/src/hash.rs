//! The hashes of RFC 6962 section 2.1, and how they are printed.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// A SHA-256 value: a leaf, a node or a root.
pub type Hash = [u8; 32];

/// Bytes in a hash.
pub(crate) const HASH_BYTES: usize = 32;

const LEAF: [u8; 1] = [0];
const NODE: [u8; 1] = [1];

/// The leaf hash of an entry's stored bytes.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Sha256::new().chain_update(LEAF).chain_update(entry).finalize().into()
}

pub(crate) fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update(NODE).chain_update(left).chain_update(right).finalize().into()
}

pub(crate) fn empty_hash() -> Hash {
    Sha256::digest([]).into()
}

/// Bytes as lower-case hex, as entries hold keys and digests.
pub fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

/// The Merkle tree head hash of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Root(pub Hash);

impl Root {
    /// As C2SP checkpoints print it.
    pub fn base64(&self) -> String {
        BASE64_STANDARD.encode(self.0)
    }

    /// In lower-case hex.
    pub fn hex(&self) -> String {
        hex(&self.0)
    }
}

impl Serialize for Root {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Printed {
            base64: String,
            hex: String,
        }
        Printed { base64: self.base64(), hex: self.hex() }.serialize(out)
    }
}
