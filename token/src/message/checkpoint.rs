//! A checkpoint: how long the ledger is and what its root is, with the proof that it only grew since the last one that was
//! signed (C2SP tlog-checkpoint; RFC 6962 section 2.1.2).
//!
//! It is signed by the ledger's own key and by no other, so it is no [`Message`](super::Message) of a connector's. The origin is
//! not among its fields: the host takes it from its own configuration. Whether `last` was the last that was signed, the
//! supervisor knows.

use hsm_config::{Algorithm, KeyType};
use serde::{Deserialize, Serialize};

use super::x509;
use super::{Composed, MessageError};
use crate::{PublicKey, Sha256};

/// How long a log is, and the root of its Merkle tree, as frames carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TreeHead {
    /// Entries.
    pub size: u64,
    /// The tree head hash of RFC 6962 section 2.1; SHA-256 of nothing where there are none.
    pub root: Sha256,
}

/// A checkpoint that is to be signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// What is to be signed; all of it is durable.
    pub next: TreeHead,
    /// What was signed last; the empty log, where nothing was.
    pub last: TreeHead,
    /// The consistency proof from `last` to `next`, [`ledger::MAX_PROOF_HASHES`] at most.
    pub proof: Vec<Sha256>,
}

impl TreeHead {
    /// A log without entries.
    pub fn empty() -> Self {
        Self { size: 0, root: Sha256::of(&[]) }
    }
}

impl Checkpoint {
    /// Composes the bytes to sign for the log of this origin, if it only grew since the last checkpoint.
    pub fn compose(&self, origin: &str, key: &PublicKey) -> Result<Composed, MessageError> {
        let algorithm =
            algorithm(key.kind()).ok_or(MessageError::Checkpoint("the key is of no kind that signs them"))?;
        self.only_grew()?;
        Ok(Composed::of_checkpoint(algorithm, self.text(origin)?.into_bytes()))
    }

    /// The text that is signed: origin, size, root (C2SP tlog-checkpoint).
    pub fn text(&self, origin: &str) -> Result<String, MessageError> {
        let checkpoint = ledger::Checkpoint::new(origin, self.next.into());
        checkpoint
            .map(|checkpoint| checkpoint.to_string())
            .map_err(|_| MessageError::Checkpoint("the origin is none"))
    }

    /// A signature as notes hold it: for P-256 the DER of r ‖ s, for Ed25519 as it is (C2SP signed-note).
    pub fn note_signature(key: &PublicKey, raw: &[u8]) -> Result<Vec<u8>, MessageError> {
        x509::signature(key, raw)
    }

    /// Refuses what is not consistent: what is shorter, what has another root at the same size, what the proof does not prove.
    fn only_grew(&self) -> Result<(), MessageError> {
        if self.proof.len() > ledger::MAX_PROOF_HASHES {
            return Err(MessageError::Checkpoint("the proof is over its limit of hashes"));
        }
        let proof: Vec<ledger::Hash> = self.proof.iter().map(|hash| hash.0).collect();
        let [last, next] = [self.last, self.next].map(ledger::TreeHead::from);
        next.verify_consistency(&last, &proof)
            .map_err(|_| MessageError::Checkpoint("it does not go on from the last one"))
    }
}

impl From<TreeHead> for ledger::TreeHead {
    fn from(head: TreeHead) -> Self {
        Self { size: head.size, root: ledger::Root(head.root.0) }
    }
}

impl From<ledger::TreeHead> for TreeHead {
    fn from(head: ledger::TreeHead) -> Self {
        Self { size: head.size, root: Sha256(head.root.0) }
    }
}

/// How a key of this kind signs checkpoints.
pub fn algorithm(kind: KeyType) -> Option<Algorithm> {
    match kind {
        KeyType::Ed25519 => Some(Algorithm::EdDSA),
        KeyType::P256 => Some(Algorithm::ES256),
        KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::Rsa4096 => None,
    }
}
