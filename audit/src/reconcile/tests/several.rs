//! Rows that bear on each other: failures before a success, one in two findings, many of one pair, rows that sum up.

use serde_json::{Value, json};

use super::super::*;
use super::world::{KEY, SHA1, assertion, at, egress, lifecycle, sign_in, with, world};
use crate::signins;

use Certainty::{Likely, Possible, Sure};
use Kind::{NotCovered, Outside, RetiredKey, TooMany, Unexplained};

const DAY: i64 = 86_400;

fn failed(row: Value) -> Value {
    with(row, json!({"status": {"errorCode": 53_003}}))
}

/// Nothing tells with what it was made.
fn untold(row: Value) -> Value {
    with(row, json!({"servicePrincipalCredentialThumbprint": null, "servicePrincipalCredentialKeyId": null}))
}

fn elsewhere(row: Value) -> Value {
    with(row, json!({"ipAddress": "198.51.100.7"}))
}

fn sum(s: i64, until: i64) -> Value {
    let times = json!({"signInCount": 5, "firstSignInDateTime": at(s), "lastSignInDateTime": at(until)});
    with(sign_in(s), times)
}

#[test]
fn a_failure_leaves_its_assertion_to_the_retry_whatever_that_tells() {
    let rows = [failed(sign_in(DAY)), untold(sign_in(DAY + 1)), sign_in(20 * DAY)];
    let entries = [assertion(DAY, 300), assertion(20 * DAY, 300)];
    let report = world(entries, rows.clone()).asked().unwrap();
    assert!(report.explained, "{report:?}");
    // A success does use it up.
    let entries = [assertion(DAY, 300), assertion(20 * DAY, 300)];
    let both = [sign_in(DAY), rows[1].clone()];
    assert_eq!(world(entries, both).finds(), [(TooMany, Likely, 1)]);
    // What only a failure was tried with has a sign-in all the same.
    let entries = [assertion(DAY, 300), assertion(20 * DAY, 300)];
    let report = world(entries, [failed(sign_in(DAY)), sign_in(20 * DAY)]).asked().unwrap();
    assert_eq!((report.explained, report.sign_ins.unused), (true, 0));
}

#[test]
fn a_failure_without_a_key_calls_nobody_wherever_it_comes_from() {
    let tried = elsewhere(failed(untold(sign_in(2 * DAY))));
    let report = world([assertion(DAY, 300)], [sign_in(DAY), tried.clone()]).asked().unwrap();
    assert!(report.explained && report.call.is_empty(), "{report:?}");
    assert_eq!(report.sign_ins.tried, 1);
    let summed = with(tried, json!({"signInCount": 5, "firstSignInDateTime": at(2 * DAY)}));
    let report = world([assertion(DAY, 300)], [sign_in(DAY), summed]).asked().unwrap();
    assert!(report.explained && report.sign_ins.tried == 5, "{report:?}");
}

#[test]
fn a_sign_in_that_is_in_two_findings_is_called_for_once() {
    let rows = [sign_in(2 * DAY), sign_in(3 * DAY)].map(elsewhere);
    let report = world([assertion(DAY, 300)], rows).asked().unwrap();
    let found: Vec<_> = report.findings.iter().map(|finding| (finding.kind, finding.sign_ins)).collect();
    assert_eq!(found, [(Unexplained, 2), (Outside, 2)]);
    let [call] = &report.call[..] else { panic!("{report:?}") };
    assert_eq!((call.sign_ins, call.kinds.len()), (2, 2));
}

/// So many rows that looking at all others for each of them would not end.
#[test]
fn many_rows_of_one_pair_are_judged_in_time() {
    const ROWS: u32 = 200_000;
    let by_another = with(assertion(DAY, 300), json!({"key": "0c0d"}));
    let folder = tempfile::tempdir().unwrap();
    super::world::write(folder.path(), &world([by_another, assertion(10 * DAY, 300)], []).logs.remove(0));
    let mut logs = Logs::default();
    logs.read(&crate::Log::open(folder.path()).unwrap(), Span::default()).unwrap();
    let one = logs.assertions[0];
    let more =
        (1..i64::from(ROWS)).map(|us| logs::Assertion { made: one.made + us, ends: one.ends + us, ..one });
    logs.assertions.extend(more);
    let mut sign_ins = SignIns::new(logs, Question { egress: egress(), ..Question::default() });
    let text = format!("{}\n{}\n", sign_in(10 * DAY), sign_in(5 * DAY));
    signins::read(text.as_bytes(), |line, row| (0..ROWS).try_for_each(|_| sign_ins.take(0, line, row)))
        .unwrap();
    let report = sign_ins.compare(&["signins.json".to_owned()]).unwrap();
    let found: Vec<_> = report.findings.iter().map(|one| (one.kind, one.sign_ins, &*one.why)).collect();
    let too_many = "200000 sign-ins beside 1 assertions that could be used then";
    let unexplained = "the nearest assertion was made 120 h later";
    assert_eq!(found, [(Unexplained, 200_000, unexplained), (TooMany, 199_999, too_many)]);
    assert!(report.findings.iter().all(|one| one.key.as_deref() == Some(KEY)));
}

#[test]
fn a_sum_that_goes_beyond_both_ends_of_the_time_asked_for_is_compared() {
    let mut asked = world([assertion(DAY, 300)], [sum(9 * DAY, 15 * DAY), sum(DAY, 2 * DAY)]);
    asked.question.span =
        Span { since: Some(at(10 * DAY).parse().unwrap()), until: Some(at(11 * DAY).parse().unwrap()) };
    let report = asked.asked().unwrap();
    assert_eq!((report.sign_ins.summed, report.rows.beyond), (5, 1), "{report:?}");
}

#[test]
fn sums_are_judged_as_single_rows_are() {
    let before = world([assertion(DAY, 300)], [sum(-DAY, -DAY + 60)]).finds();
    assert_eq!(before, [(NotCovered, Possible, 5)]);
    let begun = world([assertion(DAY, 300)], [sum(-DAY, 3600)]).finds();
    assert_eq!(begun, [(NotCovered, Possible, 5)]);
    let after = world([assertion(DAY, 300)], [sum(29 * DAY, 31 * DAY)]).finds();
    assert_eq!(after, [(NotCovered, Possible, 5)], "of a part of it the log says nothing");
    let by_our_key = failed(sum(2 * DAY, 2 * DAY + 60));
    assert_eq!(world([assertion(DAY, 300)], [by_our_key.clone()]).finds(), [(Unexplained, Likely, 5)]);
    let retired = [assertion(DAY, 300), lifecycle(DAY + 900, "retired")];
    assert_eq!(world(retired, [by_our_key]).finds(), [(RetiredKey, Sure, 5)]);
}

#[test]
fn a_sum_that_stands_in_two_exports_counts_once() {
    let id = |row| with(row, json!({"id": "S-1", "servicePrincipalCredentialThumbprint": SHA1}));
    let twice = [id(sum(2 * DAY, 3 * DAY)), id(sum(2 * DAY, 3 * DAY)), id(sum(4 * DAY, 5 * DAY))];
    let report = world([assertion(DAY, 300)], twice).asked().unwrap();
    assert_eq!((report.sign_ins.summed, report.sign_ins.doubles), (10, 1), "{report:?}");
}
