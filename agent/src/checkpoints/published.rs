//! The log at a start, held against what was signed of it: a log that is shorter, or another one, lost or changed entries that
//! somebody else may hold a checkpoint of, and nothing goes on from it.

use std::time::{Duration, Instant, SystemTime};

use axum::body::Bytes;
use ledger::{Error, Ledger, TreeHead};
use token::message;

use super::Shown;
use crate::ipc::link::Signed;

/// Refuses a log that does not begin with what was signed last, be it published or not.
pub(crate) fn hold(ledger: &Ledger, signed: message::TreeHead) -> Result<(), Error> {
    let checkpoint = TreeHead::from(signed);
    let log = match ledger.growth_since(checkpoint.size) {
        Ok(growth) => growth.from,
        Err(Error::NotFound) => ledger.head(),
        Err(error) => return Err(error),
    };
    if log == checkpoint { Ok(()) } else { Err(Error::Diverged { checkpoint, log }) }
}

/// The checkpoint that was published last, if it is one of this origin; as old as what was signed last, where that is known.
pub(crate) fn shown(ledger: &Ledger, signed: Option<&Signed>, origin: &str) -> Option<Shown> {
    let published = ledger.checkpoint().filter(|published| published.checkpoint().origin() == origin)?;
    let since = signed.map(|last| SystemTime::UNIX_EPOCH + Duration::from_secs(last.at));
    let age = since.and_then(|since| SystemTime::now().duration_since(since).ok()).unwrap_or_default();
    let at = Instant::now().checked_sub(age).unwrap_or_else(Instant::now);
    Some(Shown { note: Bytes::from(published.to_string()), size: published.head().size, at })
}
