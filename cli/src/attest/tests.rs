use attest::bundle::{BundleReport, KeyReport};
use attest::{
    Finding, Grade, KeysReport, Malformed, Outcome, Question, Report, RootName, Sha256, Timestamp, Verdict,
};

use super::page;
use crate::print::tests::seen;

#[test]
fn a_page_says_first_what_the_answer_is() {
    let report = Report::malformed(&Malformed::Empty, &Question::at(Timestamp::UNIX_EPOCH));
    insta::assert_snapshot!(seen(page::outcome(&Outcome::Key(Box::new(report)))), @r"
    NOT ACCEPTED: The evidence cannot be parsed: there is nothing in it.
    MALFORMED: the evidence cannot be read.

    What was asked:
      valid at      1970-01-01T00:00:00Z

    error [malformed]: The evidence cannot be parsed: there is nothing in it.
    ");
}

/// A key that is proven, and no more.
fn proven() -> Report {
    let malformed = Report::malformed(&Malformed::Empty, &Question::at(Timestamp::UNIX_EPOCH));
    Report { verdict: Verdict::Proven, findings: Vec::new(), ..malformed }
}

fn under_a_given_root() -> Report {
    let root = RootName { name: "ours".to_owned(), sha256: Sha256::of(b"ours"), given: true };
    Report { root: Some(root), ..proven() }
}

fn bundle(keys: Vec<(Grade, Report)>) -> String {
    let key = |(grade, report)| KeyReport { token: "t".to_owned(), grade, certificate_sha256: None, report };
    let keys: Vec<KeyReport> = keys.into_iter().map(key).collect();
    let verdict = keys.iter().map(|key| key.report.verdict).max().unwrap();
    let connector = "de".to_owned();
    let at = Timestamp::UNIX_EPOCH;
    first(&Outcome::Bundle(BundleReport { verdict, grade: None, connector, at, keys, findings: Vec::new() }))
}

fn first(outcome: &Outcome) -> String {
    let page = page::outcome(outcome).join("\n").replace("\n    ", " ");
    page.lines().next().unwrap().to_owned()
}

#[test]
fn of_several_keys_the_first_line_says_what_the_least_proof_is_worth() {
    let software = || Report { software: true, ..proven() };
    for (least, head) in [
        (proven(), "PROVEN: each of 2 keys."),
        (under_a_given_root(), "PROVEN UNDER YOUR ROOT: "),
        (software(), "PROVEN, BUT SOFTWARE: "),
    ] {
        let (at, keys) = (Timestamp::UNIX_EPOCH, vec![proven(), least]);
        let all = KeysReport { verdict: Verdict::Proven, at, keys, findings: Vec::new() };
        assert!(first(&Outcome::Keys(all.clone())).starts_with(head), "{all:?}");
    }
    for (grade, least, head) in [
        (Grade::Attested, proven(), "PROVEN: every key of the connector \"de\"."),
        (Grade::Attested, under_a_given_root(), "PROVEN UNDER YOUR ROOT: "),
        (Grade::Asserted, under_a_given_root(), "PROVEN, BUT ASSERTED: "),
        (Grade::Software, software(), "PROVEN, BUT SOFTWARE: "),
    ] {
        let said = bundle(vec![(Grade::Attested, proven()), (grade, least)]);
        assert!(said.starts_with(head), "{said}");
    }
}

#[test]
fn a_warning_is_no_reason_of_a_no() {
    let findings = vec![Finding::warning("posture", "The agent found something.")];
    let report = Report { verdict: Verdict::Unattested, findings, ..proven() };
    let said = bundle(vec![(Grade::Asserted, report)]);
    assert_eq!(
        said,
        "NOT ACCEPTED: the key on \"t\" is asserted, not attested: nobody who is trusted here signed where the key was made."
    );
}
