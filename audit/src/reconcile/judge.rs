//! One application in one tenant: its sign-ins against its assertions, in order of time.
//!
//! A sign-in that lies in no assertion's time has none. Of those that do, as many are explained as can be: each assertion
//! once, and then by the named kinds of reuse. What is left over is too many, though which of them it is, nobody can tell.

use std::collections::{BTreeMap, HashSet};

use super::alone::{Alone, Seen};
use super::credential::By;
use super::finding::{Certainty, Kind};
use super::gathered::{Row, Summed};
use super::lives::Lives;
use super::logs::Assertion;
use super::matching::{Interval, largest};
use super::names::Number;
use super::reuse::{self, Reuse};
use super::tally::Tally;

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
    lives: Lives<'c>,
    reuse: Vec<Reuse>,
    tally: &'t mut Tally<'s>,
}

pub(super) fn judge(case: &Case<'_>, tally: &mut Tally<'_>) {
    let reuse = reuse::of(case.assertions);
    let mut judge = Judge { case, lives: Lives::of(case.assertions), reuse, tally };
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
            let is_failed = row.error != 0;
            self.tally.counts.compared += 1;
            self.tally.counts.failed += u64::from(is_failed);
            if self.look(&Seen::one(row)) {
                let by = self.case.by[row.credential as usize];
                points.entry((by, is_failed)).or_default().push(row);
            }
        }
        points
    }

    /// Rows that sum up can be held against times and networks only. What is said of several in one row is said of each.
    fn sums(&mut self) {
        let mut seen = HashSet::new();
        for one in self.case.summed {
            let row = &one.row;
            if row.id != 0 && !seen.insert((row.id, row.error, row.time, one.until, one.count)) {
                self.tally.counts.doubles += 1;
                continue;
            }
            self.tally.counts.summed += one.count;
            self.look(&Seen::sum(one));
        }
    }

    fn look(&mut self, seen: &Seen<'_>) -> bool {
        let by = self.case.by[seen.row.credential as usize];
        Alone { case: self.case, lives: &self.lives, tally: self.tally }.look(seen, by)
    }

    /// Counts what lies in assertions' times. Credentials that are told come first: what is left may explain the others.
    fn count(&mut self, points: BTreeMap<(By, bool), Vec<&'c Row>>) {
        // What explains a success is used up; what a failure was tried with is not, though it has a sign-in.
        let mut used = vec![false; self.case.assertions.len()];
        let mut touched = used.clone();
        for ((by, is_failed), rows) in points {
            let gone = if is_failed { &touched } else { &used };
            let open: Vec<_> = (0..gone.len()).filter(|at| !gone[*at] && self.lives.is_by(by, *at)).collect();
            let intervals: Vec<_> = open.iter().map(|at| self.lives.interval(*at)).collect();
            let times: Vec<_> = rows.iter().map(|row| row.time).collect();
            let explained = largest(&times, &intervals);
            explained.iter().flatten().for_each(|at| touched[open[*at]] = true);
            // A failed sign-in is tried again with the same assertion, so that any number of them is explained by one.
            if is_failed {
                continue;
            }
            explained.iter().flatten().for_each(|at| used[open[*at]] = true);
            let once = explained.iter().flatten().count();
            self.tally.counts.explained += once as u64;
            if once < rows.len() {
                let explained: Vec<_> = explained.into_iter().map(|at| at.map(|at| open[at])).collect();
                self.again(by, &rows, &explained);
            }
        }
        self.tally.unused(self.case, &self.reuse, &touched);
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
                Reuse::Kept | Reuse::File => self.lives.is_by(by, *at),
            };
            let times: Vec<_> = rows.iter().map(|row| row.time).collect();
            let intervals: Vec<_> = self
                .lives
                .near(&times)
                .filter(may)
                .map(|at| Interval { uses: self.reuse[at].uses(), ..self.lives.interval(at) })
                .collect();
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

    /// Which of them is the one too many is not known: those beside the first are named.
    fn too_many(&mut self, by: By, row: &Row, rows: &[&Row]) {
        let longest = self.lives.longest();
        let begins = rows.partition_point(|other| other.time < row.time - longest);
        let ends = rows.partition_point(|other| other.time <= row.time + longest);
        let beside = &rows[begins..ends];
        let why = || {
            let live = self.lives.live(by, row.time, row.time).count();
            format!("{} sign-ins beside {live} assertions that could be used then", beside.len())
        };
        let at = (self.case.pair, Kind::TooMany, by);
        if self.tally.find(at, Certainty::Likely, (row, 1), why) {
            beside.iter().for_each(|other| self.tally.name(at, other));
        }
    }
}
