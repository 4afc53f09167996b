//! What was counted and found so far, over all pairs.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use jiff::Timestamp;
use serde::Serialize;

use super::bounds::{CLOCK_SKEW, LATE_ROWS};
use super::credential::By;
use super::finding::{Certainty, Group, Kind};
use super::gathered::{Row, SignIns};
use super::judge::Case;
use super::logs::micros;
use super::names::Number;
use super::reuse::Reuse;

/// How many sign-ins are what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Compared, each once.
    pub compared: u64,
    /// Rows that say what another row says.
    pub doubles: u64,
    /// Explained, each by an assertion of its own.
    pub explained: u64,
    /// Explained by an assertion that was used before.
    pub reused: u64,
    /// Failed.
    pub failed: u64,
    /// Failed, and not by one of the logs' keys.
    pub tried: u64,
    /// In rows that sum up.
    pub summed: u64,
    /// Sign-ins whose address is not told.
    pub unplaced: u64,
    /// Assertions without a sign-in, late rows left aside.
    pub unused: u64,
    /// Of those, in files that are refreshed.
    pub unused_of_files: u64,
}

/// What a finding is about.
pub(super) type At = (Number, Kind, By);

/// The findings, while they are found.
pub(super) struct Tally<'s> {
    sign_ins: &'s SignIns,
    doubtful: &'s BTreeSet<Number>,
    /// From when to when there are sign-ins.
    times: Option<(i64, i64)>,
    pub(super) counts: Counts,
    pub(super) groups: BTreeMap<At, Group>,
    /// How many sign-ins of a pair are in two findings.
    pub(super) twice: BTreeMap<Number, u64>,
}

impl<'s> Tally<'s> {
    pub(super) fn new(sign_ins: &'s SignIns, doubtful: &'s BTreeSet<Number>) -> Self {
        let times = || sign_ins.rows.iter().map(|row| row.time);
        let times = times().min().zip(times().max());
        let (counts, groups, twice) = Default::default();
        Self { sign_ins, doubtful, times, counts, groups, twice }
    }

    /// Puts a row to a finding, which stands for one sign-in or for more. The first row says why; the surest how sure. Gives
    /// whether it is the first.
    pub(super) fn find(
        &mut self,
        at: At,
        certainty: Certainty,
        (row, count): (&Row, u64),
        why: impl FnOnce() -> String,
    ) -> bool {
        let address = self.sign_ins.address(row);
        let is_first = !self.groups.contains_key(&at);
        let group = self.groups.entry(at).or_insert_with(|| Group::new(certainty, why()));
        group.certainty = group.certainty.max(certainty);
        group.count(row.time, count, row.error != 0);
        group.name((row.file, u64::from(row.line)), address);
        is_first
    }

    /// Notes that sign-ins are in two findings: they are to be called for once.
    pub(super) fn twice(&mut self, pair: Number, count: u64) {
        *self.twice.entry(pair).or_default() += count;
    }

    /// Names a further row in a finding.
    pub(super) fn name(&mut self, at: At, row: &Row) {
        let address: Option<IpAddr> = self.sign_ins.address(row);
        if let Some(group) = self.groups.get_mut(&at) {
            group.name((row.file, u64::from(row.line)), address);
        }
    }

    /// Whether a sign-in came from elsewhere than the vendor's networks, as far as it is known.
    pub(super) fn is_outside(&mut self, row: &Row) -> bool {
        let Some(egress) = &self.sign_ins.question.egress else { return false };
        match self.sign_ins.address(row) {
            Some(address) => !egress.holds(address),
            None => {
                self.counts.unplaced += 1;
                false
            }
        }
    }

    /// Why the logs say nothing of a time, where they do not.
    pub(super) fn uncovered(&self, key: Option<Number>, time: i64) -> Option<String> {
        let Some((first, last)) = self.sign_ins.logs.covered(key) else {
            return Some("the logs have no entry".to_owned());
        };
        let skew = micros(CLOCK_SKEW);
        if time < first.as_microsecond() - skew {
            return Some(format!("before the log begins, on {first:.0}"));
        }
        let after = || format!("after the log's last entry, of {last:.0}: is there a newer copy?");
        (time > last.as_microsecond() + skew).then(after)
    }

    /// When a key was retired, if that was before.
    pub(super) fn retired(&self, key: Number, time: i64) -> Option<Timestamp> {
        self.sign_ins.logs.keys.key(key).retired.filter(|retired| retired.as_microsecond() < time)
    }

    pub(super) fn is_doubtful(&self, pair: Number) -> bool {
        let (_, application) = self.sign_ins.logs.pairs.name(pair);
        self.doubtful.contains(application)
    }

    /// Counts assertions for which no sign-in was found, where one should be there by now.
    pub(super) fn unused(&mut self, case: &Case<'_>, reuse: &[Reuse], used: &[bool]) {
        let Some((first, last)) = self.times else { return };
        if case.rows.is_empty() {
            return;
        }
        let last = last - micros(LATE_ROWS);
        for ((one, reuse), used) in case.assertions.iter().zip(reuse).zip(used) {
            if *used || one.made < first || one.made > last {
                continue;
            }
            self.counts.unused += 1;
            self.counts.unused_of_files += u64::from(*reuse == Reuse::File);
        }
    }
}
