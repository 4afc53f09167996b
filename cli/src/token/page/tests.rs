use super::*;
use crate::print::tests::seen;

fn token(grade: &str) -> TokenStatus {
    TokenStatus {
        name: "frankfurt".into(),
        state: "ready".into(),
        grade: Some(grade.into()),
        label: Some("frankfurt".into()),
        serial: Some("5a1c".into()),
        model: Some("SoftHSM v2".into()),
        manufacturer: Some("SoftHSM project".into()),
        ..TokenStatus::default()
    }
}

fn key(label: &str, standing: &str) -> CheckedKey {
    CheckedKey {
        label: label.into(),
        key: None,
        spki_sha256: "c0ffee".into(),
        standing: standing.into(),
        probe: (standing == "pinned").then_some(true),
        pin_each_time: false,
        grade: "software".into(),
        findings: Vec::new(),
        not_before: (standing == "pinned").then(|| "2026-11-30T12:00:00Z".into()),
        not_after: (standing == "pinned").then(|| "2027-05-29T12:05:00Z".into()),
        reasons: Vec::new(),
    }
}

fn finding(code: &str, excepted: bool) -> Finding {
    let [reason, mend] = ["CKA_COPYABLE is true", "destroy it"].map(str::to_owned);
    Finding { code: code.into(), reason, mend, excepted }
}

#[test]
fn a_soft_token_is_called_software() {
    assert_eq!(
        row(&token("software")).join(" | "),
        r#"frankfurt | ready | SOFTWARE | "frankfurt" | "5a1c" | "SoftHSM project SoftHSM v2""#
    );
}

#[test]
fn a_token_that_is_away_says_why() {
    let away = TokenStatus {
        name: "london".into(),
        state: "missing".into(),
        detail: Some("no such serial".into()),
        ..TokenStatus::default()
    };
    assert_eq!(row(&away).join(" | "), "london | missing: no such serial | - | - | - | -");
}

#[test]
fn a_token_that_failed_shows_how() {
    let failing = TokenStatus { failing: Some("the token took too long".into()), ..token("asserted") };
    assert_eq!(row(&failing)[1], "ready, failing: the token took too long");
}

#[test]
fn a_check_names_each_key_and_what_to_do() {
    let mut weak = key("kunci:uk", "pinned");
    weak.findings.extend([finding("copyable", false), finding("wrapping-key", true)]);
    let mut excused = key("kunci:za", "pinned");
    excused.findings.push(finding("not-local", true));
    let reason =
        |code: &str, weight| ReadinessReason { code: code.into(), weight, detail: "and so on".into() };
    weak.reasons.extend([reason("key-unfit", Weight::Blocks), reason("certificate-expired", Weight::Fails)]);
    excused.reasons.extend([reason("token-failing", Weight::Fails), reason("key-size", Weight::Notes)]);
    let mut removed = key("kunci:fr", "no-connector");
    removed.findings.push(finding("copyable", false));
    let found = Checked {
        token: TokenStatus { reasons: vec![reason("token-failing", Weight::Fails)], ..token("software") },
        findings: vec![finding("wrapping-key", true)],
        keys: vec![
            key("kunci:de", "pinned"),
            weak,
            excused,
            key("kunci:us", "orphan"),
            key("kunci:ca", "mismatch"),
            removed,
        ],
        well: false,
    };
    insta::assert_snapshot!(seen(checked(&found)), @r#"
    frankfurt: ready, SOFTWARE: its keys can be copied
      FAILS token-failing: and so on
      exception wrapping-key: CKA_COPYABLE is true
      "kunci:de" pinned, SOFTWARE, made a test signature, SHA-256 c0ffee,
          certificate until 2027-05-29T12:05:00Z
      "kunci:uk" pinned, SOFTWARE, made a test signature, SHA-256 c0ffee,
          certificate until 2027-05-29T12:05:00Z
        FAILS certificate-expired: and so on
        FAILS copyable: CKA_COPYABLE is true. Mend: destroy it
      "kunci:za" pinned, SOFTWARE, made a test signature, SHA-256 c0ffee,
          certificate until 2027-05-29T12:05:00Z
        note key-size: and so on
        exception not-local: CKA_COPYABLE is true
      "kunci:us" orphan, SOFTWARE, SHA-256 c0ffee
        the log does not know it, and nothing is signed with it; if it is yours:
            `kunci provision us --adopt --spki-sha256 c0ffee`
      "kunci:ca" mismatch, SOFTWARE, SHA-256 c0ffee
        it is not the key that the log has on record, and nothing is signed with it:
            find out who put it there
      "kunci:fr" pinned, has no connector, SOFTWARE, SHA-256 c0ffee
        the configuration has no [connectors.fr] on this token, so nothing is signed
            with it: bring that section back to use it; destroy it with the token's
            own tools only once no customer holds a certificate of it
    "#);
}

#[test]
fn what_only_the_module_says_is_called_asserted() {
    let found = Checked { token: token("asserted"), findings: Vec::new(), keys: Vec::new(), well: true };
    insta::assert_snapshot!(seen(checked(&found)), @r"
    frankfurt: ready, asserted: the module says where its keys were born
      no keys of ours
    ");
}
