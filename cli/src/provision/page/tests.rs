use super::super::csr;
use super::*;
use crate::print::tests::{seen, warned};

fn key(outcome: &str, grade: &str) -> Provisioned {
    Provisioned {
        connector: "de".into(),
        token: "frankfurt".into(),
        outcome: outcome.into(),
        grade: grade.into(),
        key: "00".into(),
        spki_sha256: "c0ffee".into(),
        certificate_sha256: Some("cafe".into()),
        certificates_in_doubt: Vec::new(),
        csr: None,
        not_before: None,
        not_after: Some("2027-05-29T12:05:00Z".into()),
        reasons: Vec::new(),
        orphans: Vec::new(),
        unfinished: Vec::new(),
    }
}

#[test]
fn a_line_tells_the_outcome_the_grade_and_the_certificate() {
    insta::assert_snapshot!(seen([line(&key("created", "software"))]), @r"
    de on frankfurt: created, SOFTWARE, so it can be copied, certificate SHA-256
        cafe, until 2027-05-29T12:05:00Z
    ");
    insta::assert_snapshot!(seen([line(&key("unchanged", "asserted"))]), @r"
    de on frankfurt: unchanged, asserted, certificate SHA-256 cafe, until
        2027-05-29T12:05:00Z
    ");
}

#[test]
fn a_key_whose_request_is_out_waits_for_its_certificate() {
    let waiting = Provisioned {
        certificate_sha256: None,
        not_after: None,
        csr: Some("PEM".into()),
        ..key("created", "asserted")
    };
    insta::assert_snapshot!(seen([line(&waiting)]), @"de on frankfurt: created, asserted, waits for the CA's certificate");
}

#[test]
fn what_stands_in_the_way_is_told_but_for_the_certificate_that_was_asked_for() {
    let reason =
        |code: &str, weight| ReadinessReason { code: code.into(), weight, detail: "and so on".into() };
    let known = [reason("uncertified", api::Weight::Blocks), reason("key-size", api::Weight::Notes)];
    let with = Provisioned { reasons: known.to_vec(), ..key("unchanged", "asserted") };
    insta::assert_snapshot!(warned(reasons(&with)), @r"
    warning: de on frankfurt: BLOCKED uncertified: and so on
    warning: de on frankfurt: note key-size: and so on
    ");
    let waiting = Provisioned { csr: Some("PEM".into()), ..with };
    insta::assert_snapshot!(warned(reasons(&waiting)), @"warning: de on frankfurt: note key-size: and so on");
}

#[test]
fn a_key_without_a_certificate_says_how_it_gets_one() {
    let without = Provisioned { certificate_sha256: None, not_after: None, ..key("adopted", "asserted") };
    insta::assert_snapshot!(seen([line(&without)]), @r"
    de on frankfurt: adopted, asserted, no certificate found: install the one that
        customers hold (`kunci cert install de FILE`), or have a new one made:
        `kunci provision de --adopt --spki-sha256 c0ffee --new-certificate`
    ");
}

#[test]
fn several_certificates_of_an_adopted_key_are_told_and_none_is_taken() {
    let in_doubt = Provisioned {
        certificate_sha256: None,
        certificates_in_doubt: vec!["cafe".into(), "beef".into()],
        not_after: None,
        ..key("adopted", "asserted")
    };
    insta::assert_snapshot!(seen([line(&in_doubt)]), @r"
    de on frankfurt: adopted, asserted, 2 certificates found, and none is in force:
        install the one that customers hold (`kunci cert install de FILE`). SHA-256
        cafe, beef; each has a copy in certificates/ of the state directory
    ");
}

#[test]
fn a_token_without_the_key_has_nothing_to_adopt() {
    let nothing = Provisioned { spki_sha256: String::new(), ..key("nothing-to-adopt", "asserted") };
    insta::assert_snapshot!(seen([line(&nothing)]), @"de on frankfurt: nothing to adopt");
}

/// Only what this log began and nobody has a certificate of is said to be destroyed.
#[test]
fn an_orphan_is_reported_with_what_to_do() {
    let foreign = Provisioned { orphans: vec!["beef".into()], ..key("created", "software") };
    insta::assert_snapshot!(warned(orphans(&foreign)), @r"
    warning: frankfurt holds a key labelled for de, SHA-256 beef, that the log does
        not know. Nothing is signed with it. Find out whose it is, and destroy it
        only if no customer holds a certificate of it
    ");
    let cut = Provisioned { unfinished: vec!["beef".into()], ..foreign };
    insta::assert_snapshot!(warned(orphans(&cut)), @r"
    warning: frankfurt holds a key labelled for de, SHA-256 beef, that the log does
        not know. Nothing is signed with it. A run that was cut short left it:
        destroy it with the token's own tools, unless this log is an older copy and
        customers hold its certificate
    ");
    let lost = Provisioned { spki_sha256: String::new(), unfinished: Vec::new(), ..cut };
    insta::assert_snapshot!(warned(orphans(&lost)), @r"
    warning: frankfurt holds a key labelled for de, SHA-256 beef, that the log does
        not know. Nothing is signed with it. If it is yours:
        `kunci provision de --adopt --spki-sha256 beef`
    ");
}

#[test]
fn a_summary_names_who_failed() {
    insta::assert_snapshot!(seen([summary(5, &["uk".into(), "je".into()])]), @"5 provisioned, 2 failed: uk, je. Run it again once the cause is gone.");
}

#[test]
fn each_key_has_a_request_file_of_its_own() {
    assert_eq!(csr::name(&key("created", "asserted"), true), "de.csr.pem");
    assert_eq!(csr::name(&key("created", "asserted"), false), "de.frankfurt.csr.pem");
}
