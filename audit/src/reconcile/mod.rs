//! Entra's sign-ins against the logs: which of them the agent made possible, and which it did not.
//!
//! A log proves what an honest agent released. What a thief does with a key, a copied assertion or a compromised agent stands
//! in the customers' sign-in logs alone. Entra logs no `jti`, so sign-ins are matched by tenant, application, credential and
//! time, and what lies in the time of an assertion can only be counted. Pure: rows and entries in, an answer out. The order
//! of reading is [`logs`], [`gathered`], [`judge`], [`report`].

mod alone;
mod bounds;
mod credential;
mod egress;
mod finding;
mod gathered;
mod judge;
mod keys;
mod lives;
mod logs;
mod matching;
mod names;
mod notes;
mod part;
mod report;
mod reuse;
mod room;
mod spots;
mod tally;

use std::collections::HashSet;

pub use bounds::{
    CLOCK_SKEW, FILE_READERS, KEPT, LATE_ROWS, MAX_ASSERTIONS, MAX_DIFFERENT, MAX_LIFECYCLE, MAX_NAMED,
    MAX_NETWORKS, MAX_SIGN_INS, MAX_VOIDS,
};
pub use egress::{Egress, MAX_EGRESS_BYTES};
pub use finding::{Certainty, Finding, Kind, Note, Place, ToCall};
pub use gathered::{Rows, SignIns};
pub use keys::Keys;
pub use logs::{LogRead, Logs, Span, Unreadable};
pub use report::Report;
pub use spots::Ambiguous;
pub use tally::Counts;

use judge::Case;
use report::Teller;
use spots::Resolved;
use tally::Tally;

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// From when to when.
    pub span: Span,
    /// The vendor's networks.
    pub egress: Option<Egress>,
    /// Whose sign-ins those are that tell no tenant.
    pub tenant: Option<String>,
}

impl SignIns {
    /// Holds all sign-ins against all assertions. Files are named in the order of their numbers.
    pub fn compare(mut self, files: &[String]) -> Result<Report, Ambiguous> {
        let resolved = spots::resolve(&mut self)?;
        let mut rows = std::mem::take(&mut self.rows);
        rows.sort_unstable_by_key(|row| (resolved.of_spot[row.spot as usize], row.time, row.file, row.line));
        self.rows = rows;
        let whole = |pair: u32| resolved.of_pair.get(pair as usize).copied().unwrap_or(pair);
        let mut summed = std::mem::take(&mut self.summed);
        summed.sort_unstable_by_key(|one| {
            (resolved.of_spot[one.row.spot as usize], one.row.time, one.row.line)
        });
        self.summed = summed;
        self.logs.assertions.iter_mut().for_each(|one| one.pair = whole(one.pair));
        self.logs.assertions.sort_unstable_by_key(|one| (one.pair, one.made));
        Ok(self.report(&resolved, files))
    }

    fn report(&self, resolved: &Resolved, files: &[String]) -> Report {
        let by = credential::all(self);
        let mut tally = Tally::new(self, &resolved.doubtful);
        for pair in 0..self.logs.pairs.len() as u32 {
            let rows = part(&self.rows, pair, |row| resolved.of_spot[row.spot as usize]);
            let summed = part(&self.summed, pair, |one| resolved.of_spot[one.row.spot as usize]);
            let assertions = part(&self.logs.assertions, pair, |one| one.pair);
            judge::judge(&Case { pair, rows, summed, assertions, by: &by }, &mut tally);
        }
        let teller = Teller { sign_ins: self, resolved, files };
        let (counts, groups, twice) = (tally.counts, tally.groups, teller.twice(tally.twice));
        let mut findings: Vec<_> = groups.into_iter().map(|(at, group)| teller.finding(at, group)).collect();
        findings.sort_by(|a, b| {
            (b.certainty, a.kind, &a.tenant, a.first).cmp(&(a.certainty, b.kind, &b.tenant, b.first))
        });
        let logs = self.logs.read.clone();
        let (tenants, tenants_without) = self.tenants(resolved);
        let mut report = Report {
            explained: findings.is_empty() && logs.iter().all(|log| log.damaged == 0),
            rows: self.counts,
            sign_ins: counts,
            tenants,
            tenants_without,
            call: report::to_call(&findings, &twice),
            findings,
            notes: Vec::new(),
            logs,
        };
        report.notes = notes::notes(self, &report);
        report
    }

    /// Tenants with a sign-in, and those of the logs without one.
    fn tenants(&self, resolved: &Resolved) -> (u64, u64) {
        let tenant = |pair: &u32| self.logs.pairs.name(*pair).0;
        let with: HashSet<_> = resolved.of_spot.iter().map(tenant).collect();
        let known: HashSet<_> = self.logs.assertions.iter().map(|one| tenant(&one.pair)).collect();
        (with.len() as u64, known.difference(&with).count() as u64)
    }
}

/// The elements of one pair; all are in the pairs' order.
fn part<T>(all: &[T], pair: u32, of: impl Fn(&T) -> u32) -> &[T] {
    let begins = all.partition_point(|one| of(one) < pair);
    let length = all[begins..].partition_point(|one| of(one) == pair);
    &all[begins..begins + length]
}

#[cfg(test)]
mod tests;
