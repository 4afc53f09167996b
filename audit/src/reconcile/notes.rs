//! What is to be known beside the findings: what was left aside, and what the comparison cannot see.

use super::finding::Note;
use super::gathered::SignIns;
use super::report::Report;

/// The notes of a report.
pub(super) fn notes(sign_ins: &SignIns, report: &Report) -> Vec<Note> {
    let (rows, counts) = (&report.rows, &report.sign_ins);
    let untold = sign_ins.logs.keys.untold() as u64;
    let no_egress = u64::from(sign_ins.question.egress.is_none());
    [
        ("no-egress", no_egress, "no networks were given by --egress: a stolen assertion that was used from elsewhere is seen only where it makes the sign-ins too many"),
        ("not-given", report.tenants_without, "tenants of the logs have no sign-in in the files: nothing is said of them"),
        ("reused", counts.reused, "sign-ins are explained by an assertion that was used again: out of a file, or kept for 600 s"),
        ("unused", counts.unused - counts.unused_of_files, "assertions have no sign-in; one more in their time would not be seen by counting"),
        ("unused-of-files", counts.unused_of_files, "assertions of files that are refreshed have no sign-in of their own, as most of them do"),
        ("summed", counts.summed, "sign-ins stand in rows that sum up: they were held against times and networks, and not counted"),
        ("tried", counts.tried, "sign-ins failed that name no key of the logs: somebody tries, and nothing was opened"),
        ("doubles", counts.doubles, "rows say what another row says, and count once"),
        ("no-address", counts.unplaced, "sign-ins tell no address"),
        ("others", rows.others, "rows are of applications that no log names, and of no key of theirs: left aside"),
        ("beyond", rows.beyond, "rows are of another time than was asked for"),
        ("no-thumbprint", untold, "certificates have no SHA-1 in the logs: give their files by --certificates, so that their sign-ins are told from others"),
    ]
    .into_iter()
    .filter(|(_, count, _)| *count > 0)
    .map(|(code, count, text)| Note { code, count, text: text.to_owned() })
    .collect()
}
