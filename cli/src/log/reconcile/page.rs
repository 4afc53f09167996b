//! The answer in words, for whoever was called at night: the answer, whom to call, why, and what else is to be known.

use audit::reconcile::{Certainty, Finding, Kind, LogRead, Report, ToCall};
use quoted::Plain;

use crate::print::{WIDTH, wrap};

/// The most findings of a kind that are told one by one.
const MAX_FINDINGS: usize = 20;
/// The kinds in the order of what they mean.
const KINDS: [Kind; 6] = [
    Kind::Unexplained,
    Kind::TooMany,
    Kind::Outside,
    Kind::RetiredKey,
    Kind::OtherCredential,
    Kind::NotCovered,
];

/// The page.
pub(crate) fn lines(report: &Report) -> Vec<String> {
    let mut lines = wrap(&answer(report), WIDTH, 2);
    if !report.call.is_empty() {
        lines.extend(["".to_owned(), "Call these tenants, the surest first:".to_owned()]);
        lines.extend(report.call.iter().map(call));
    }
    for kind in KINDS {
        let findings: Vec<_> = report.findings.iter().filter(|finding| finding.kind == kind).collect();
        if !findings.is_empty() {
            why(kind, &findings, &mut lines);
        }
    }
    also(report, &mut lines);
    lines
}

fn answer(report: &Report) -> String {
    let damaged = report.logs.iter().any(|log| log.damaged > 0);
    let (all, tenants) = (report.sign_ins.compared + report.sign_ins.summed, report.tenants);
    match (report.call.len(), damaged) {
        (0, false) => {
            format!("EXPLAINED: all {all} sign-ins of {tenants} tenants fit what the agent signed.")
        }
        (0, true) => format!("DAMAGED LOG: all {all} sign-ins fit, but entries of the log cannot be read."),
        (many, _) => {
            let of = report.call.iter().filter(|call| call.certainty > Certainty::Possible).count();
            let sure = if of < many { format!(" ({of} of them likely or sure)") } else { String::new() };
            format!(
                "NOT EXPLAINED: {many} of {tenants} tenants have sign-ins that do not fit what the agent signed{sure}."
            )
        }
    }
}

fn call(call: &ToCall) -> String {
    let ToCall { certainty, sign_ins, first, tenant, also, .. } = call;
    let also: String = also.iter().map(|name| format!(" {}", Plain(name))).collect();
    format!("  {:8} {sign_ins:>5} from {:.16}  {}{also}", word(*certainty), clock(first), Plain(tenant))
}

/// A time without its zone, which is UTC.
fn clock(time: &ledger::Timestamp) -> String {
    format!("{time:.0}").replace('T', " ").replace('Z', "")
}

fn word(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Possible => "possible",
        Certainty::Likely => "likely",
        Certainty::Sure => "sure",
    }
}

/// What a kind means, and what to do.
fn meaning(kind: Kind) -> &'static str {
    match kind {
        Kind::Unexplained => {
            "Sign-ins that no assertion explains: somebody else holds the key, or signs around the agent. Freeze the connector (kunci freeze), and have these tenants remove the key."
        }
        Kind::TooMany => {
            "More sign-ins than the assertions of their time explain: one of those named is not the agent's, or an assertion was used again in a way that is not known. Look at their addresses."
        }
        Kind::Outside => {
            "Sign-ins from outside of your networks: an assertion or the key was carried away, or the file of networks lacks one. Compare it with what your services use."
        }
        Kind::RetiredKey => {
            "Sign-ins that failed with a key that was retired: somebody still has a copy of it, or a service was forgotten. Nothing was opened."
        }
        Kind::OtherCredential => {
            "Sign-ins with a credential that no log knows: a key or secret that the tenant trusts beside yours. Ask the tenant who put it there."
        }
        Kind::NotCovered => {
            "Sign-ins of a time of which the logs say nothing: give a newer copy of the log, the log of another host, or --since and --until."
        }
    }
}

fn why(kind: Kind, findings: &[&Finding], lines: &mut Vec<String>) {
    lines.push(String::new());
    lines.extend(wrap(meaning(kind), WIDTH, 2));
    findings.iter().take(MAX_FINDINGS).for_each(|finding| tell(finding, lines));
    if let Some(more) = findings.len().checked_sub(MAX_FINDINGS).filter(|more| *more > 0) {
        lines.push(format!("  … and {more} more of this kind; --json has all"));
    }
}

fn tell(finding: &Finding, lines: &mut Vec<String>) {
    let Finding { certainty, why, tenant, client_id, sign_ins, failed, first, last, .. } = finding;
    let failed = if *failed > 0 { format!(" ({failed} failed)") } else { String::new() };
    let times = if first == last { clock(first) } else { format!("{} to {}", clock(first), clock(last)) };
    lines.push(format!("  {}: {sign_ins} sign-ins{failed}, {times}", word(*certainty)));
    lines.push(format!("    tenant {}", Plain(tenant)));
    lines.push(format!("    application {}", Plain(client_id)));
    if let Some(key) = &finding.key {
        let of = finding.connector.as_ref().map_or_else(String::new, |name| format!(" of {}", Plain(name)));
        lines.push(format!("    key {}{of}", Plain(key)));
    }
    lines.extend(wrap(&format!("    {why}"), WIDTH, 6));
    if !finding.addresses.is_empty() {
        let addresses: Vec<_> = finding.addresses.iter().map(ToString::to_string).collect();
        lines.extend(wrap(&format!("    from {}", addresses.join(", ")), WIDTH, 6));
    }
    let rows = finding.rows.iter().map(|row| format!("{}:{}", Plain(&row.file), row.line));
    lines.extend(wrap(&format!("    rows {}", rows.collect::<Vec<_>>().join(" ")), WIDTH, 6));
}

fn also(report: &Report, lines: &mut Vec<String>) {
    lines.extend(["".to_owned(), "Also to be known:".to_owned()]);
    for note in &report.notes {
        let count = if note.code == "no-egress" { String::new() } else { format!("{} ", note.count) };
        lines.extend(wrap(&format!("  {count}{}", note.text), WIDTH, 4));
    }
    report.logs.iter().for_each(|log| lines.extend(wrap(&self::log(log), WIDTH, 4)));
}

fn log(log: &LogRead) -> String {
    let times = log.first.zip(log.last);
    let times = times.map_or_else(String::new, |(a, b)| format!(", {} to {}", clock(&a), clock(&b)));
    let damage = log.damage.as_ref().map_or_else(String::new, |what| {
        format!("; {} CANNOT BE READ: {what}. Run kunci log verify", log.damaged)
    });
    format!("  log {}: {} entries{times}{damage}", Plain(&log.name), log.size)
}
