//! The answer: what does not fit, whom to call, and what is to be known beside it.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::Serialize;

use super::credential::By;
use super::finding::{Finding, Group, Note, Place, ToCall};
use super::gathered::{Rows, SignIns};
use super::logs::LogRead;
use super::names::{Name, Number};
use super::spots::Resolved;
use super::tally::{At, Counts};

/// What came of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether every sign-in is explained, and every log could be read.
    pub explained: bool,
    /// The rows of the files.
    pub rows: Rows,
    /// The sign-ins.
    pub sign_ins: Counts,
    /// Tenants of which there are sign-ins.
    pub tenants: u64,
    /// Tenants of the logs of which there are none.
    pub tenants_without: u64,
    /// Whom to call, the surest first.
    pub call: Vec<ToCall>,
    /// What does not fit, the surest first.
    pub findings: Vec<Finding>,
    /// What is to be known besides.
    pub notes: Vec<Note>,
    /// The logs.
    pub logs: Vec<LogRead>,
}

/// Words for what was found.
pub(super) struct Teller<'s> {
    pub(super) sign_ins: &'s SignIns,
    pub(super) resolved: &'s Resolved,
    /// Names of files by their numbers.
    pub(super) files: &'s [String],
}

impl Teller<'_> {
    pub(super) fn finding(&self, (pair, kind, by): At, group: Group) -> Finding {
        let logs = &self.sign_ins.logs;
        let (tenant, application) = *logs.pairs.name(pair);
        let key = if let By::Key(key) = by { Some(key) } else { None };
        Finding {
            kind,
            certainty: group.certainty,
            why: group.why,
            tenant: tenant_of(logs.tenants.name(tenant)),
            also: self.also(pair),
            client_id: logs.applications.name(application).to_string(),
            key: key.map(|key| logs.keys.name(key).to_owned()),
            connector: key.and_then(|key| logs.keys.key(key).connector.clone()),
            sign_ins: group.count,
            failed: group.failed,
            first: time(group.first),
            last: time(group.last),
            addresses: group.addresses,
            rows: group.rows.iter().map(|(file, line)| self.place(*file, *line)).collect(),
        }
    }

    /// How many sign-ins of each tenant are in two findings.
    pub(super) fn twice(&self, pairs: BTreeMap<Number, u64>) -> HashMap<String, u64> {
        let mut tenants = HashMap::new();
        for (pair, count) in pairs {
            let (tenant, _) = *self.sign_ins.logs.pairs.name(pair);
            *tenants.entry(tenant_of(self.sign_ins.logs.tenants.name(tenant))).or_default() += count;
        }
        tenants
    }

    fn also(&self, pair: Number) -> Vec<String> {
        let also = self.resolved.also.get(&pair).into_iter().flatten();
        also.map(|tenant| self.sign_ins.logs.tenants.name(*tenant).to_string()).collect()
    }

    fn place(&self, file: u32, line: u64) -> Place {
        Place { file: self.files.get(file as usize).cloned().unwrap_or_default(), line }
    }
}

fn tenant_of(name: &Name) -> String {
    match name.to_string() {
        name if name.is_empty() => "(no row tells)".to_owned(),
        name => name,
    }
}

fn time(us: i64) -> Timestamp {
    Timestamp::from_microsecond(us).unwrap_or_default()
}

/// The tenants of findings, each once, the surest first. A sign-in that is in two findings counts once.
pub(super) fn to_call(findings: &[Finding], twice: &HashMap<String, u64>) -> Vec<ToCall> {
    let mut found: BTreeMap<&str, ToCall> = BTreeMap::new();
    for one in findings {
        let new = || ToCall {
            tenant: one.tenant.clone(),
            also: one.also.clone(),
            certainty: one.certainty,
            sign_ins: 0,
            first: one.first,
            last: one.last,
            kinds: Vec::new(),
        };
        let call = found.entry(&one.tenant).or_insert_with(new);
        call.certainty = call.certainty.max(one.certainty);
        call.sign_ins += one.sign_ins;
        call.first = call.first.min(one.first);
        call.last = call.last.max(one.last);
        if !call.kinds.contains(&one.kind) {
            call.kinds.push(one.kind);
        }
    }
    for (tenant, call) in &mut found {
        call.sign_ins -= twice.get(*tenant).copied().unwrap_or(0);
    }
    let mut call: Vec<_> = found.into_values().collect();
    call.sort_by(|a, b| (b.certainty, b.sign_ins, &a.tenant).cmp(&(a.certainty, a.sign_ins, &b.tenant)));
    call
}
