//! The log at a start, held against what was signed of it: a log that is shorter, or another one, lost or changed entries that
//! somebody else may hold a checkpoint of, and nothing goes on from it.

use std::time::{Duration, SystemTime};

use axum::body::Bytes;
use ledger::{Error, Ledger, TreeHead};
use token::message;
use tokio::time::Instant;

use super::Shown;
use crate::ipc::link::Signed;

/// Why the front does not go on with a log.
#[derive(Debug, thiserror::Error)]
pub enum NotHeld {
    /// It does not begin with what was signed last.
    #[error(
        "the last checkpoint that was signed is of {} entries with the root {}, and the log of {} with the root {}: it is an older \
         copy, or another log. {BEHIND}",
        checkpoint.size, checkpoint.root.base64(), log.size, log.root.base64()
    )]
    Behind {
        /// What was signed.
        checkpoint: TreeHead,
        /// The log at that size, or as far as it goes.
        log: TreeHead,
    },
    /// It cannot be read.
    #[error(transparent)]
    Ledger(#[from] Error),
}

/// What to do about a log that does not begin with what was signed last. To begin anew would not help: that is shorter still.
pub(crate) const BEHIND: &str = "Restore a copy of the log that is not older; if there is none, write a new origin into [ledger] \
                                 (docs/how-to/back-up-and-restore.md)";

/// Refuses a log that does not begin with what was signed last, be it published or not.
pub(crate) fn hold(ledger: &Ledger, signed: message::TreeHead) -> Result<(), NotHeld> {
    let checkpoint = TreeHead::from(signed);
    let log = match ledger.growth_since(checkpoint.size) {
        Ok(growth) => growth.from,
        Err(Error::NotFound) => ledger.head(),
        Err(error) => return Err(error.into()),
    };
    if log == checkpoint { Ok(()) } else { Err(NotHeld::Behind { checkpoint, log }) }
}

/// The checkpoint that was published last, if it is one of this origin; as old as what was signed last, where that is known.
pub(crate) fn shown(ledger: &Ledger, signed: Option<&Signed>, origin: &str) -> Option<Shown> {
    let published = ledger.checkpoint().filter(|published| published.checkpoint().origin() == origin)?;
    let since = signed.map(|last| SystemTime::UNIX_EPOCH + Duration::from_secs(last.at));
    let age = since.and_then(|since| SystemTime::now().duration_since(since).ok()).unwrap_or_default();
    let at = Instant::now().checked_sub(age).unwrap_or_else(Instant::now);
    Some(Shown { note: Bytes::from(published.to_string()), size: published.head().size, at })
}
