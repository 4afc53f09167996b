//! Whether a witness signs: the specification's refusals, in its order, and then a cosignature.
//!
//! A pure core: bytes, what is kept of the log, and a time in; a note to keep or a refusal out. The first half needs nothing
//! that is kept, so that only the second has to be one step with the store.

use ledger::{AddCheckpoint, BadAddCheckpoint, BadProof, Note, TreeHead, Unverified};

use crate::{key::Key, logs::Logs, store::Kept};

/// A witness: its key, and the logs that it knows.
pub struct Witness {
    key: Key,
    logs: Logs,
}

/// A request to sign, of a log that is known and by that log's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    request: AddCheckpoint,
    /// The checkpoint with its log's signatures, which were verified, and no others.
    by_log: Note,
}

/// Why a witness does not sign, with the status that the specification has for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 400
    #[error("the request cannot be read: {0}")]
    Malformed(#[from] BadAddCheckpoint),
    /// 404
    #[error("this witness does not know the checkpoint's log")]
    UnknownLog,
    /// 403
    #[error("the checkpoint is not signed by its log: {0}")]
    Unsigned(#[from] Unverified),
    /// 400
    #[error("the old size is larger than the checkpoint's")]
    OldIsLarger,
    /// 409, with the size that is kept
    #[error("the last checkpoint that this witness signed has {0} entries")]
    OtherSize(u64),
    /// 422
    #[error("the log does not begin with what this witness signed: {0}")]
    Inconsistent(#[from] BadProof),
    /// 422: the log signed another root for the size that is kept. Nothing but a fork explains that.
    #[error("the log does not begin with what this witness signed: {}", BadProof::TwoRoots)]
    Fork {
        /// What is kept.
        kept: Note,
    },
    /// 500
    #[error("this witness's clock stands before 1970")]
    Clock,
}

impl Refusal {
    /// The status of the answer.
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::OldIsLarger => 400,
            Self::Unsigned(_) => 403,
            Self::UnknownLog => 404,
            Self::OtherSize(_) => 409,
            Self::Inconsistent(_) | Self::Fork { .. } => 422,
            Self::Clock => 500,
        }
    }
}

impl Witness {
    /// A witness of these logs.
    pub fn new(key: Key, logs: Logs) -> Self {
        Self { key, logs }
    }

    /// Its name and its public key.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The logs that it knows.
    pub fn logs(&self) -> &Logs {
        &self.logs
    }

    /// What can be said without knowing what was signed before.
    pub fn examine(&self, body: &[u8]) -> Result<Submission, Refusal> {
        let request = AddCheckpoint::parse(body)?;
        let log = self.logs.get(request.checkpoint().origin()).ok_or(Refusal::UnknownLog)?;
        request.note().verify(log.keys())?;
        let by_log = request.note().only_by(log.keys());
        if request.old() > request.checkpoint().head().size {
            return Err(Refusal::OldIsLarger);
        }
        Ok(Submission { request, by_log })
    }

    /// Signs, if the log goes on from what is kept of it. What is returned has to be kept before anybody is shown it.
    pub fn judge(&self, submission: &Submission, kept: Option<&Kept>, time: u64) -> Result<Kept, Refusal> {
        let last = kept.map_or_else(TreeHead::empty, Kept::head);
        let request = &submission.request;
        if request.old() != last.size {
            return Err(Refusal::OtherSize(last.size));
        }
        if let Err(bad) = request.checkpoint().head().verify_consistency(&last, request.proof()) {
            return Err(contradiction(bad, kept));
        }
        if time == 0 {
            return Err(Refusal::Clock);
        }
        // Signatures of others were not verified, and are nobody's to publish.
        let mut note = submission.by_log.clone();
        let cosignature = self.key.cosign(time, note.text());
        note.add(cosignature.clone()).map_err(BadAddCheckpoint::Note)?;
        Ok(Kept::new(request.checkpoint().clone(), note, cosignature))
    }
}

/// A root of no entries is wrong or right by itself, and contradicts nothing.
fn contradiction(bad: BadProof, kept: Option<&Kept>) -> Refusal {
    match kept.filter(|kept| kept.head().size > 0 && bad == BadProof::TwoRoots) {
        Some(kept) => Refusal::Fork { kept: kept.note().clone() },
        None => Refusal::Inconsistent(bad),
    }
}

impl Submission {
    /// Which log.
    pub fn origin(&self) -> &str {
        self.request.checkpoint().origin()
    }

    /// Size and root.
    pub fn head(&self) -> TreeHead {
        self.request.checkpoint().head()
    }

    /// The checkpoint with its log's signatures and no others.
    pub fn evidence(&self) -> &Note {
        &self.by_log
    }
}
