//! One checkpoint that is to be cosigned, and how each witness gets from what it has to this one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ledger::{Hash, NotEndorsed, Note, Policy, Reader, SignedCheckpoint, TreeHead, by_log};

/// A checkpoint with its log's signatures, and no others.
#[derive(Clone)]
pub(super) struct Job(Arc<Inner>);

struct Inner {
    number: u64,
    signed: SignedCheckpoint,
}

impl Job {
    /// Takes a checkpoint of a log of the policy. A checkpoint that is tried again is another job.
    pub(super) fn new(signed: &SignedCheckpoint, policy: &Policy) -> Result<Self, NotEndorsed> {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        let keys: Vec<_> = policy.logs().iter().map(|log| &log.key).collect();
        by_log(signed, &keys)?;
        let signed = signed.note().only_by(keys).try_into().map_err(|_| NotEndorsed::Log)?;
        Ok(Self(Arc::new(Inner { number: NUMBERS.fetch_add(1, Ordering::Relaxed), signed })))
    }

    pub(super) fn number(&self) -> u64 {
        self.0.number
    }

    pub(super) fn signed(&self) -> &SignedCheckpoint {
        &self.0.signed
    }

    pub(super) fn note(&self) -> &Note {
        self.0.signed.note()
    }

    pub(super) fn text(&self) -> &str {
        self.note().text()
    }

    pub(super) fn size(&self) -> u64 {
        self.0.signed.head().size
    }

    /// Shows that the log only grew since it had `old` entries, if its files still say what the checkpoint says.
    pub(super) fn proof(&self, reader: &Reader, old: u64) -> Option<Vec<Hash>> {
        let head = self.0.signed.head();
        let proof = reader.consistency(old, head.size).ok()?;
        let earlier = if old == 0 { TreeHead::empty() } else { reader.head_at(old).ok()? };
        head.verify_consistency(&earlier, &proof).ok()?;
        Some(proof)
    }
}
