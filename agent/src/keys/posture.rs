//! What a key and its token fail, and which of it the configuration excuses.
//!
//! A key with a flaw that is not excused does not sign. An exception that is in force is shown by status and check, and is
//! on record before the first signature that it allows: one posture entry for each key and flaw in the life of a front.

use std::collections::{BTreeMap, BTreeSet};

use api::Finding;
use hsm_config::{Flaw, Name};
use ledger::{Entry, Kind};
use token::KeyId;
use token::lane::KeyReport;
use tokio::sync::Mutex;

use super::lifecycle::Lifecycle;
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

    /// All of them as clients see them, those that stop a key first.
    pub fn findings(&self) -> Vec<Finding> {
        findings(&self.failed, &self.excused)
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

/// Drops what only looks like a second key of a connector, or of the log: the others with its label are on record, retired or left
/// behind by a kill.
pub fn acquit(keys: &mut [KeyReport], token: &Name, lifecycle: &Lifecycle) {
    let of_connectors = lifecycle.keys().iter().filter(|key| key.token == token.as_str()).map(|key| key.id);
    let of_the_log = lifecycle.ledger().of(token.as_str()).map(|key| key.id);
    let strangers = Strangers::among(keys.iter(), of_connectors.chain(of_the_log).collect());
    for report in keys {
        let is_doubtful = strangers.share_label_with(report);
        report.flaws.retain(|flaw| *flaw != Flaw::DuplicateLabel || is_doubtful);
    }
}

/// The keys that the ledger does not know, counted by label in one look at each: whoever fills a token must not keep the
/// front, which is one thread, comparing each with all others.
struct Strangers {
    ours: BTreeSet<KeyId>,
    by_label: BTreeMap<String, usize>,
}

impl Strangers {
    fn among<'a>(keys: impl Iterator<Item = &'a KeyReport>, ours: BTreeSet<KeyId>) -> Self {
        let mut strangers = Self { ours, by_label: BTreeMap::new() };
        for report in keys {
            if strangers.include(report) {
                *strangers.by_label.entry(report.label.clone()).or_default() += 1;
            }
        }
        strangers
    }

    fn include(&self, report: &KeyReport) -> bool {
        report.id.is_none_or(|id| !self.ours.contains(&id))
    }

    /// Whether another than this key is one of them and has its label.
    fn share_label_with(&self, report: &KeyReport) -> bool {
        let with_label = self.by_label.get(&report.label).copied().unwrap_or_default();
        with_label > usize::from(self.include(report))
    }
}

/// Flaws as clients see them, those that stop a key first.
pub fn findings(failed: &[Flaw], excused: &[Flaw]) -> Vec<Finding> {
    let failed = failed.iter().map(|flaw| finding(*flaw, false));
    failed.chain(excused.iter().map(|flaw| finding(*flaw, true))).collect()
}

fn finding(flaw: Flaw, excepted: bool) -> Finding {
    Finding { code: flaw.code().into(), reason: flaw.reason().into(), mend: flaw.mend().into(), excepted }
}

/// The exceptions that are on record already.
#[derive(Default)]
pub struct Exceptions(Mutex<BTreeSet<(Name, KeyId, Flaw)>>);

impl Exceptions {
    /// Records the exceptions of a connector's key, or of the ledger's, on a token that are not on record yet. They are in force only once this
    /// says so.
    pub async fn record<T, E, F: Future<Output = Result<T, E>>>(
        &self,
        connector: Option<&Name>,
        token: &Name,
        id: KeyId,
        excused: &[Flaw],
        record: impl Fn(Entry) -> F,
    ) -> Result<(), E> {
        let mut known = self.0.lock().await;
        for flaw in excused {
            let exception = (token.clone(), id, *flaw);
            if known.contains(&exception) {
                continue;
            }
            tracing::warn!(connector = connector.map(display), %token, %flaw, "a key signs by exception");
            let entry = Entry::new(Kind::Posture).token(token.as_str());
            let entry = connector.iter().fold(entry, |entry, connector| entry.connector(connector.as_str()));
            record(entry.key(id.to_string()).reason(format!("{EXCEPTION} {flaw}"))).await?;
            known.insert(exception);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
