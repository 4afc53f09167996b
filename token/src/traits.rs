//! What can be asked of a token, whatever stands behind it.
//!
//! [`Token`] is what a running agent needs, [`Provision`] what a key's birth, certificate and end need. Neither has a
//! call that signs bytes of a caller's: [`Composed`] exists only for a message. A key is always named by its pin, and
//! a key that does not have both halves of it is refused.

use hsm_config::{Flaw, KeyType};

use crate::lane::{Attestation, Fault, KeyReport, TokenReport};
use crate::message::Composed;
use crate::{KeyId, KeyRef, PublicKey};

/// Signing with, and describing, what is on a token.
pub trait Token {
    /// The public key of the pinned key, once the token holds exactly that key under this label.
    fn key(&mut self, key: &KeyRef, label: &str) -> Result<&PublicKey, Fault>;

    /// Signs with the pinned key: RSA signature octets, or the 64 bytes r ‖ s.
    fn sign(&mut self, key: &KeyRef, label: &str, message: &Composed) -> Result<Vec<u8>, Fault>;

    /// The certificates of the pinned key that are stored beside it, DER, the newest first, up to
    /// [`crate::lane::MAX_CERTIFICATES`].
    fn certificates(&mut self, key: &KeyRef) -> Result<Vec<Vec<u8>>, Fault>;

    /// The token, and the keys on it that carry a label of Kunci's, from the one that `from` counts on, at most
    /// [`crate::lane::SURVEY_KEYS`] of them.
    fn survey(&mut self, from: usize) -> Result<(TokenReport, Vec<KeyReport>), Fault>;

    /// The same for the keys that carry this label alone, at the cost of those. A token that has few keys may tell of others
    /// besides.
    fn search(&mut self, label: &str, from: usize) -> Result<(TokenReport, Vec<KeyReport>), Fault>;
}

/// Making, certifying and destroying keys.
pub trait Provision {
    /// A fresh identifier for a key of this kind that is about to be made: random, or where keys have no labels, saying
    /// its place. What the token cannot make at all is refused here, before anything is on record.
    fn identify(&mut self, label: &str, kind: KeyType) -> Result<KeyId, Fault>;

    /// The kind of the ledger's key that this token would make: Ed25519 where it says that it has it, else P-256. Refused where
    /// the token could not sign a checkpoint by itself.
    fn ledger_kind(&mut self) -> Result<KeyType, Fault>;

    /// Generates a key on the token and reads its attributes back; one that fails a requirement that is not among the
    /// exceptions is destroyed at once, and one that could leave the token always.
    fn generate(
        &mut self,
        id: KeyId,
        label: &str,
        kind: KeyType,
        exceptions: &[Flaw],
    ) -> Result<KeyReport, Fault>;

    /// Stores a certificate of the pinned key beside it, in place of an earlier one.
    fn store_certificate(&mut self, key: &KeyRef, label: &str, certificate: &[u8]) -> Result<(), Fault>;

    /// Destroys the pinned key and its certificates. No lane asks for it: a front that was taken over must not be able to. A key
    /// that was made just now and does not sign goes the same way, before anybody hears of it.
    fn destroy(&mut self, key: &KeyRef) -> Result<(), Fault>;
}

/// What a key's maker says of its birth.
pub trait Attest {
    /// The statement about the pinned key, unjudged; `None` where this kind of token makes none.
    fn attestation(&mut self, key: &KeyRef, label: &str) -> Result<Option<Attestation>, Fault>;
}
