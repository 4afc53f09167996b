//! What a row says by itself, whatever other rows there are: one sign-in, or several that it sums up.
//!
//! It was made with a credential of nobody's here, came from elsewhere, or lies in no assertion's time. What remains may be
//! explained, and is counted.

use super::credential::By;
use super::finding::{Certainty, Kind};
use super::gathered::{Row, Summed};
use super::judge::Case;
use super::lives::Lives;
use super::logs::Assertion;
use super::names::Number;
use super::tally::Tally;

/// AADSTS700027: the key is not registered, or the signature is not by it. Who does not have the key gets this.
const BAD_SIGNATURE: u32 = 700_027;

/// A row, and for how many sign-ins of which time it stands.
pub(super) struct Seen<'r> {
    pub(super) row: &'r Row,
    until: i64,
    count: u64,
    is_sum: bool,
}

impl<'r> Seen<'r> {
    pub(super) fn one(row: &'r Row) -> Self {
        Self { row, until: row.time, count: 1, is_sum: false }
    }

    pub(super) fn sum(sum: &'r Summed) -> Self {
        Self { row: &sum.row, until: sum.until, count: sum.count, is_sum: true }
    }

    fn is_failed(&self) -> bool {
        self.row.error != 0
    }
}

/// Where a row is looked at.
pub(super) struct Alone<'a, 's> {
    pub(super) case: &'a Case<'a>,
    pub(super) lives: &'a Lives<'a>,
    pub(super) tally: &'a mut Tally<'s>,
}

impl Alone<'_, '_> {
    /// Says what is wrong with a row. Gives whether an assertion may explain it.
    pub(super) fn look(&mut self, seen: &Seen<'_>, by: By) -> bool {
        if let By::Other(what) = by {
            self.other(seen, what);
            return false;
        }
        let is_live = self.lives.live(by, seen.row.time, seen.until).next().is_some();
        if !is_live && seen.is_failed() && by == By::Untold {
            // Whoever knows the application's name can do that, from anywhere.
            self.tally.counts.tried += seen.count;
            return false;
        }
        let is_outside = self.tally.is_outside(seen.row);
        if is_outside {
            self.outside(seen, by, is_live);
        }
        if !is_live {
            self.nobodys(seen, by);
        }
        if is_outside && !is_live {
            self.tally.twice(self.case.pair, seen.count);
        }
        // What came from elsewhere is found already, and must not make others too many.
        is_live && !is_outside
    }

    fn find(&mut self, kind: Kind, by: By, certainty: Certainty, seen: &Seen<'_>, why: String) {
        self.tally.find((self.case.pair, kind, by), certainty, (seen.row, seen.count), || why);
    }

    fn other(&mut self, seen: &Seen<'_>, what: &'static str) {
        if seen.is_failed() {
            self.tally.counts.tried += seen.count;
            return;
        }
        let why = format!("signed in with {what}");
        self.find(Kind::OtherCredential, By::Other(what), Certainty::Likely, seen, why);
    }

    fn outside(&mut self, seen: &Seen<'_>, by: By, is_live: bool) {
        let why = match is_live {
            true => {
                "from outside of your networks in the time of an assertion: it may have been carried away"
            }
            false => "from outside of your networks",
        };
        self.find(Kind::Outside, by, Certainty::Likely, seen, why.to_owned());
    }

    /// A row in whose time there was no assertion.
    fn nobodys(&mut self, seen: &Seen<'_>, by: By) {
        let key = if let By::Key(key) = by { Some(key) } else { None };
        let uncovered = self.tally.uncovered(key, seen.row.time);
        if let Some(when) = uncovered.or_else(|| self.tally.uncovered(key, seen.until)) {
            return self.find(Kind::NotCovered, by, Certainty::Possible, seen, when);
        }
        let retired = key.and_then(|key| self.tally.retired(key, seen.row.time));
        if let Some(when) = retired.filter(|_| seen.is_failed()) {
            let why = format!("failed with a key that was retired on {when}: a copy of it is in use");
            return self.find(Kind::RetiredKey, by, Certainty::Sure, seen, why);
        }
        let certainty = match (key, seen.row.error) {
            (Some(_), BAD_SIGNATURE) => Certainty::Possible,
            (Some(_), _) if !seen.is_sum && !self.tally.is_doubtful(self.case.pair) => Certainty::Sure,
            _ => Certainty::Likely,
        };
        let why = || match seen.is_sum {
            true => "summed up in one row, and no assertion lived in all its time".to_owned(),
            false => far(self.case, key, seen.row.time),
        };
        let at = (self.case.pair, Kind::Unexplained, by);
        self.tally.find(at, certainty, (seen.row, seen.count), why);
    }
}

/// How far the nearest assertion is, in words.
fn far(case: &Case<'_>, key: Option<Number>, time: i64) -> String {
    let is_its = |one: &&Assertion| key.is_none_or(|key| one.key == key);
    let (before, after) = case.assertions.split_at(case.assertions.partition_point(|one| one.made <= time));
    let before = before.iter().rev().find(is_its).map(|one| time - one.ends);
    let after = after.iter().find(is_its).map(|one| one.made - time);
    let words = |us: i64| {
        let minutes = us / 60_000_000;
        if minutes < 180 { format!("{minutes} min") } else { format!("{} h", minutes / 60) }
    };
    match (before, after) {
        (Some(before), Some(after)) if before <= after => {
            format!("the nearest assertion had ended {} before", words(before))
        }
        (_, Some(after)) => format!("the nearest assertion was made {} later", words(after)),
        (Some(before), None) => format!("the last assertion had ended {} before", words(before)),
        (None, None) => "the agent made no assertion for this application there".to_owned(),
    }
}
