//! The bytes that a token signs, and proof that they were composed from a message.
//!
//! A backend takes a [`Composed`] and nothing else, so no call anywhere signs bytes or a digest of a caller's: to have
//! something signed, it must be put into the typed fields of a [`Message`] first, or of the ledger's
//! [`Checkpoint`](super::Checkpoint).

use hsm_config::Algorithm;

use super::{Message, MessageError, Now};
use crate::PublicKey;

/// A message's bytes to sign and the algorithm that goes with them. Only a [`Message`] or a checkpoint makes one:
///
/// ```
/// use hsm_config::Algorithm;
/// use token::PublicKey;
/// use token::message::{Composed, Message, MessageError, Now};
/// fn stage(message: &Message, key: &PublicKey, algorithm: Algorithm, now: Now, bytes: Vec<u8>) -> Result<Composed, MessageError> {
///     message.compose(algorithm, key, now)
/// }
/// ```
/// and never bytes of one's own:
/// ```compile_fail,E0451
/// use hsm_config::Algorithm;
/// use token::PublicKey;
/// use token::message::{Composed, Message, MessageError, Now};
/// fn stage(message: &Message, key: &PublicKey, algorithm: Algorithm, now: Now, bytes: Vec<u8>) -> Result<Composed, MessageError> {
///     Ok(Composed { algorithm, bytes })
/// }
/// ```
pub struct Composed {
    algorithm: Algorithm,
    bytes: Vec<u8>,
}

impl Message {
    /// Composes the bytes to sign for a key whose assertions use `configured`, if the message keeps its own bounds and is
    /// dated now.
    pub fn compose(
        &self,
        configured: Algorithm,
        key: &PublicKey,
        now: Now,
    ) -> Result<Composed, MessageError> {
        self.is_of(now)?;
        Ok(Composed { algorithm: self.algorithm(configured), bytes: self.signing_input(configured, key)? })
    }
}

impl Composed {
    /// A checkpoint's text, which its own bounds were checked of.
    pub(super) fn of_checkpoint(algorithm: Algorithm, bytes: Vec<u8>) -> Self {
        Self { algorithm, bytes }
    }

    /// The algorithm to sign with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The bytes to sign.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}
