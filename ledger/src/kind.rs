//! The kinds of ledger entry.
//!
//! There is no release entry: an intent counts as a signature unless a later void names its index.

use serde::{Deserialize, Serialize};

/// What an entry says happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A signature is about to be released.
    Intent,
    /// The intent that `voids` names provably never left.
    Void,
    /// Requests were refused, counted per (uid, connector, reason).
    Refusal,
    /// A key or connector changed its state; freeze and thaw are here too.
    Lifecycle,
    /// What is known of a key or of the agent changed: a key is not the pinned one, signs by exception, or signed wrong; the
    /// clock was moved; an admin used a verb that leaves no other entry.
    Posture,
    /// A token was asked to sign the agent's fixed probe text.
    Probe,
}

impl Kind {
    /// Whether an entry of this kind may use the reserve when the disk is full.
    ///
    /// A disk that callers filled must not stop a freeze, nor leave an intent that never left unvoided.
    pub fn may_use_reserve(self) -> bool {
        matches!(self, Self::Lifecycle | Self::Void)
    }

    /// Whether the state of today is folded from entries of this kind, so that a start must read them all.
    pub fn is_state(self) -> bool {
        matches!(self, Self::Lifecycle)
    }
}
