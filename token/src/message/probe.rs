//! A probe: a trial signature that shows a key can sign with its mechanism (mechanism lists lie).
//!
//! The text is fixed and the nonce random, so its signature opens nothing; it never leaves the host all the same.

use serde::{Deserialize, Serialize};

/// What every probe begins with. It is no JWS and no DER, so a probe can never be read as another message.
pub const PROBE_TEXT: &[u8] = b"kunci probe v1: this signature authenticates nothing\n";

/// A probe's random part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// 32 random bytes.
    pub nonce: [u8; 32],
}

impl Probe {
    /// The fixed text and the nonce.
    pub fn signing_input(&self) -> Vec<u8> {
        [PROBE_TEXT, &self.nonce].concat()
    }
}
