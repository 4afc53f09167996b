//! What a key and its token fail, and which of it the configuration excuses.
//!
//! A key with a flaw that is not excused does not sign. An exception that is in force is shown by status and check, and is
//! on record before the first signature that it allows: one posture entry for each key and flaw in the life of a front.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use hsm_config::{Flaw, Name};
use ledger::{Entry, Kind};
use token::KeyId;
use token::lane::KeyReport;

use crate::lifecycle::Lifecycle;
use crate::tokens::Survey;

/// The first word of a posture entry's reason; the flaw's code is the second.
const EXCEPTION: &str = "exception";

/// A key's flaws, sorted by what the configuration says of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Posture {
    /// Not excused: the key does not sign.
    pub failed: Vec<Flaw>,
    /// Excused: in force, and shown.
    pub excused: Vec<Flaw>,
}

impl Posture {
    /// A surveyed key's, with what its token fails.
    pub fn of(survey: &Survey, report: &KeyReport, exceptions: &[Flaw]) -> Self {
        let flaws = report.flaws.iter().copied().chain(of_token(survey));
        let (excused, failed) = flaws.partition(|flaw| flaw.is_excusable() && exceptions.contains(flaw));
        Self { failed, excused }
    }

    /// A token's own.
    pub fn of_token(survey: &Survey, exceptions: &[Flaw]) -> Self {
        let (excused, failed) = of_token(survey).partition(|flaw| exceptions.contains(flaw));
        Self { failed, excused }
    }
}

fn of_token(survey: &Survey) -> impl Iterator<Item = Flaw> {
    survey.token.wrapping_key.then_some(Flaw::WrappingKey).into_iter()
}

/// Drops what only looks like a second key of a connector: the others with its label are the ledger's own, retired or
/// left behind by a kill.
pub fn acquit(keys: &mut [KeyReport], token: &Name, lifecycle: &Lifecycle) {
    let known =
        |report: &KeyReport| report.id.and_then(|id| lifecycle.known_as(token.as_str(), id)).is_some();
    let strangers: Vec<_> = keys.iter().enumerate().filter(|(_, report)| !known(report)).collect();
    let strangers: Vec<_> = strangers.into_iter().map(|(at, report)| (at, report.label.clone())).collect();
    for (at, report) in keys.iter_mut().enumerate() {
        let doubtful = strangers.iter().any(|(other, label)| *other != at && *label == report.label);
        report.flaws.retain(|flaw| *flaw != Flaw::DuplicateLabel || doubtful);
    }
}

/// The exceptions that are on record already.
#[derive(Default)]
pub struct Exceptions(Mutex<BTreeSet<(Name, KeyId, Flaw)>>);

impl Exceptions {
    /// The entries of exceptions that came into force for a connector's key on a token.
    pub fn news(&self, connector: &Name, token: &Name, id: KeyId, excused: &[Flaw]) -> Vec<Entry> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = excused.iter().filter(|flaw| known.insert((token.clone(), id, **flaw)));
        let entry = |flaw: &Flaw| {
            Entry::new(Kind::Posture)
                .connector(connector.as_str())
                .token(token.as_str())
                .key(id.to_string())
                .reason(format!("{EXCEPTION} {flaw}"))
        };
        fresh.map(entry).collect()
    }
}

#[cfg(test)]
mod tests;
