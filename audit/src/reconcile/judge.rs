//! One application in one tenant: its sign-ins against its assertions, in order of time.
//!
//! A sign-in that lies in no assertion's time has none. Of those that do, as many are explained as can be: each assertion
//! once, and then by the named kinds of reuse. What is left over is too many, though which of them it is, nobody can tell.

use std::collections::{BTreeMap, HashSet};

use super::bounds::CLOCK_SKEW;
use super::credential::By;
use super::finding::{Certainty, Kind};
use super::gathered::{Row, Summed};
use super::logs::{Assertion, micros};
use super::matching::{Interval, largest};
use super::names::Number;
use super::reuse::{self, Reuse};
use super::tally::Tally;

/// AADSTS700027: the key is not registered, or the signature is not by it. Who does not have the key gets this.
const BAD_SIGNATURE: u32 = 700_027;

/// What there is of one pair, in order of time.
pub(super) struct Case<'c> {
    pub(super) pair: Number,
    pub(super) rows: &'c [Row],
    pub(super) summed: &'c [Summed],
    pub(super) assertions: &'c [Assertion],
    /// The credentials of all rows.
    pub(super) by: &'c [By],
}

/// A case, and how its assertions may be used.
struct Judge<'c, 't, 's> {
    case: &'c Case<'c>,
    intervals: Vec<Interval>,
    reuse: Vec<Reuse>,
    /// The longest interval.
    longest: i64,
    tally: &'t mut Tally<'s>,
}

pub(super) fn judge(case: &Case<'_>, tally: &mut Tally<'_>) {
    let skew = micros(CLOCK_SKEW);
    let interval = |one: &Assertion| Interval { begins: one.made - skew, ends: one.ends + skew, uses: 1 };
    let intervals: Vec<_> = case.assertions.iter().map(interval).collect();
    let longest = intervals.iter().map(|one| one.ends - one.begins).max().unwrap_or(0);
    let reuse = reuse::of(case.assertions);
    let mut judge = Judge { case, intervals, reuse, longest, tally };
    let points = judge.each();
    judge.count(points);
    judge.sums();
}

impl<'c> Judge<'c, '_, '_> {
    /// Looks at each sign-in by itself; those that may be explained, by credential: successes, then failures.
    fn each(&mut self) -> BTreeMap<(By, bool), Vec<&'c Row>> {
        let mut points: BTreeMap<(By, bool), Vec<&Row>> = BTreeMap::new();
        let mut seen = HashSet::new();
        for row in self.case.rows {
            if row.id != 0 && !seen.insert((row.id, row.error)) {
                self.tally.counts.doubles += 1;
                continue;
            }
            self.tally.counts.compared += 1;
            let by = self.case.by[row.credential as usize];
            let is_failed = row.error != 0;
            self.tally.counts.failed += u64::from(is_failed);
            if let By::Other(what) = by {
                self.other(row, 1, what);
                continue;
            }
            let is_live = self.is_live(by, row.time, row.time);
            let is_outside = self.tally.is_outside(row);
            if is_outside {
                self.outside(row, 1, by, is_live);
            }
            match (is_live, is_outside) {
                (false, _) => self.nobodys(row, by),
                // It is found already, and must not make others too many.
                (true, true) => {}
                (true, false) => points.entry((by, is_failed)).or_default().push(row),
            }
        }
        points
    }

    fn other(&mut self, row: &Row, count: u64, what: &'static str) {
        if row.error != 0 {
            self.tally.counts.tried += count;
            return;
        }
        let why = format!("signed in with {what}");
        self.tally.find(
            (self.case.pair, Kind::OtherCredential, By::Other(what)),
            Certainty::Likely,
            (row, count),
            why,
        );
    }

    fn outside(&mut self, row: &Row, count: u64, by: By, is_live: bool) {
        let why = match is_live {
            true => {
                "from outside of your networks in the time of an assertion: it may have been carried away"
            }
            false => "from outside of your networks",
        };
        self.tally.find((self.case.pair, Kind::Outside, by), Certainty::Likely, (row, count), why.to_owned());
    }

    /// A sign-in in whose time there was no assertion.
    fn nobodys(&mut self, row: &Row, by: By) {
        let (pair, is_failed) = (self.case.pair, row.error != 0);
        let key = if let By::Key(key) = by { Some(key) } else { None };
        if key.is_none() && is_failed {
            // Whoever knows the application's name can do that.
            self.tally.counts.tried += 1;
            return;
        }
        if let Some(when) = self.tally.uncovered(key, row.time) {
            self.tally.find((pair, Kind::NotCovered, by), Certainty::Possible, (row, 1), when);
            return;
        }
        let retired = key.and_then(|key| self.tally.retired(key, row.time));
        match (is_failed, retired) {
            (true, Some(when)) => {
                let why = format!("failed with a key that was retired on {when}: a copy of it is in use");
                self.tally.find((pair, Kind::RetiredKey, by), Certainty::Sure, (row, 1), why);
            }
            _ => {
                let certainty = match (key, row.error) {
                    (Some(_), BAD_SIGNATURE) => Certainty::Possible,
                    (Some(_), _) if !self.tally.is_doubtful(pair) => Certainty::Sure,
                    _ => Certainty::Likely,
                };
                let why = self.far(key, row.time);
                self.tally.find((pair, Kind::Unexplained, by), certainty, (row, 1), why);
            }
        }
    }

    /// How far the nearest assertion is, in words.
    fn far(&self, key: Option<Number>, time: i64) -> String {
        let is_its = |one: &&Assertion| key.is_none_or(|key| one.key == key);
        let (before, after) =
            self.case.assertions.split_at(self.case.assertions.partition_point(|one| one.made <= time));
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

    /// Whether an assertion of that key lives at some time between these.
    fn is_live(&self, by: By, from: i64, until: i64) -> bool {
        let begun = self.intervals.partition_point(|one| one.begins <= until);
        let oldest = self.intervals.partition_point(|one| one.begins < from.saturating_sub(self.longest));
        (oldest..begun).any(|at| self.intervals[at].ends >= from && self.is_by(by, at))
    }

    fn is_by(&self, by: By, at: usize) -> bool {
        match by {
            By::Key(key) => self.case.assertions[at].key == key,
            By::Untold => true,
            By::Other(_) => false,
        }
    }

    /// Counts what lies in assertions' times. Credentials that are told come first: what is left may explain the others.
    fn count(&mut self, points: BTreeMap<(By, bool), Vec<&'c Row>>) {
        let mut used = vec![false; self.intervals.len()];
        for ((by, is_failed), rows) in points {
            let open: Vec<_> =
                (0..self.intervals.len()).filter(|at| !used[*at] && self.is_by(by, *at)).collect();
            let intervals: Vec<_> = open.iter().map(|at| self.intervals[*at]).collect();
            let times: Vec<_> = rows.iter().map(|row| row.time).collect();
            let explained = largest(&times, &intervals);
            explained.iter().flatten().for_each(|at| used[open[*at]] = true);
            // A failed sign-in is tried again with the same assertion, so that any number of them is explained by one.
            if is_failed {
                continue;
            }
            let once = explained.iter().flatten().count();
            self.tally.counts.explained += once as u64;
            if once < rows.len() {
                let explained: Vec<_> = explained.into_iter().map(|at| at.map(|at| open[at])).collect();
                self.again(by, &rows, &explained);
            }
        }
        self.tally.unused(self.case, &self.reuse, &used);
    }

    /// Explains by reuse what one use each leaves over. Resource by resource: an assertion that may be used again may be for
    /// each, one that may not is for that which it was used for.
    fn again(&mut self, by: By, rows: &[&Row], once: &[Option<usize>]) {
        let mut by_resource: BTreeMap<Number, (Vec<&Row>, HashSet<usize>)> = BTreeMap::new();
        for (row, at) in rows.iter().zip(once) {
            let (rows, used) = by_resource.entry(row.resource).or_default();
            rows.push(row);
            used.extend(at);
        }
        let (mut explained, mut left) = (0, Vec::new());
        for (rows, used) in by_resource.into_values() {
            let may = |at: &usize| match self.reuse[*at] {
                Reuse::Once => used.contains(at),
                Reuse::Kept | Reuse::File => self.is_by(by, *at),
            };
            let intervals: Vec<_> = (0..self.intervals.len())
                .filter(may)
                .map(|at| Interval { uses: self.reuse[at].uses(), ..self.intervals[at] })
                .collect();
            let times: Vec<_> = rows.iter().map(|row| row.time).collect();
            for (row, at) in rows.into_iter().zip(largest(&times, &intervals)) {
                match at {
                    Some(_) => explained += 1,
                    None => left.push(row),
                }
            }
        }
        let once = once.iter().flatten().count();
        self.tally.counts.reused += (explained as u64).saturating_sub(once as u64);
        left.into_iter().for_each(|row| self.too_many(by, row, rows));
    }

    fn too_many(&mut self, by: By, row: &Row, rows: &[&Row]) {
        let near = |other: &&&Row| (other.time - row.time).abs() <= self.longest;
        let beside: Vec<&Row> = rows.iter().filter(near).copied().collect();
        let live = self.intervals.iter().enumerate();
        let live = live.filter(|(at, one)| one.holds(row.time) && self.is_by(by, *at)).count();
        let why = format!("{} sign-ins beside {live} assertions that could be used then", beside.len());
        let at = (self.case.pair, Kind::TooMany, by);
        self.tally.find(at, Certainty::Likely, (row, 1), why);
        // Which of them is the one too many is not known.
        beside.into_iter().for_each(|other| self.tally.name(at, other));
    }

    /// Rows that sum up can be held against times and networks only.
    fn sums(&mut self) {
        for one in self.case.summed {
            let (by, row) = (self.case.by[one.row.credential as usize], &one.row);
            self.tally.counts.summed += one.count;
            if let By::Other(what) = by {
                self.other(row, one.count, what);
                continue;
            }
            let is_live = self.is_live(by, row.time, one.until);
            if self.tally.is_outside(row) {
                self.outside(row, one.count, by, is_live);
            } else if !is_live && row.error == 0 {
                let why = "summed up in one row, and no assertion lived in all its time".to_owned();
                let at = (self.case.pair, Kind::Unexplained, by);
                self.tally.find(at, Certainty::Likely, (row, one.count), why);
            }
        }
    }
}
