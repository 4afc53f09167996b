use api::{HealthCheckpoint, HealthReason, KeyStanding, ReadinessReason, Weight};

use super::*;
use crate::print::tests::{fits, seen};

fn reason(code: &str, weight: Weight) -> ReadinessReason {
    ReadinessReason { code: code.into(), weight, detail: format!("words about {code}") }
}

fn key(token: &str, grade: Option<&str>, reasons: Vec<ReadinessReason>) -> KeyStanding {
    KeyStanding {
        token: token.into(),
        state: serde_json::from_str("\"certified\"").unwrap(),
        grade: grade.map(str::to_owned),
        spki_sha256: Some("0123456789abcdef0123456789abcdef".into()),
        certificate_sha256: None,
        exceptions: Vec::new(),
        not_before: Some("2026-11-30T12:00:00Z".into()),
        not_after: Some("2027-05-29T12:05:00Z".into()),
        inactive: None,
        reasons,
    }
}

fn connector(name: &str, frozen: Option<&str>, serves: bool, keys: Vec<KeyStanding>) -> Connector {
    Connector {
        name: name.into(),
        region: "Germany".into(),
        algorithm: "PS256".into(),
        lifetime_s: 300,
        tenants: 1200,
        frozen: frozen.map(str::to_owned),
        ready: frozen.is_none(),
        serves,
        keys,
    }
}

fn state(status: &str, reasons: Vec<HealthReason>, connectors: Vec<Connector>) -> State {
    let health = Health {
        status: status.into(),
        software: true,
        version: "0.1.0".into(),
        connectors: connectors.len(),
        serving: connectors.iter().filter(|connector| connector.serves).count(),
        reasons,
        checkpoint: Some(HealthCheckpoint { size: 4711, age_s: 3 }),
    };
    let reasons = vec![reason("token-failing", Weight::Fails)];
    let token =
        TokenStatus { name: "london".into(), state: "ready".into(), reasons, ..TokenStatus::default() };
    State { health, tokens: vec![token], connectors }
}

/// With a connector that was frozen for that reason.
pub(crate) fn frozen_for(reason: &str, token: TokenStatus) -> State {
    State {
        tokens: vec![token],
        ..state("degraded", Vec::new(), vec![connector("de", Some(reason), false, Vec::new())])
    }
}

#[test]
fn the_page_begins_with_what_weighs_most() {
    let of_agent = HealthReason {
        code: "clock-step".into(),
        weight: Weight::Blocks,
        count: 1,
        names: Vec::new(),
        detail: Some("the clock was moved".into()),
    };
    // Those of keys stand at their keys, where they are told in full.
    let of_keys = HealthReason { code: "key-size".into(), detail: None, ..of_agent.clone() };
    let noted = vec![reason("certificate-ends-30", Weight::Notes)];
    let over = vec![reason("certificate-expired", Weight::Fails), reason("key-size", Weight::Notes)];
    let connectors = vec![
        connector("de", None, true, vec![key("frankfurt", Some("software"), noted)]),
        connector("uk", Some("ticket 4711"), false, vec![key("london", Some("software"), over)]),
        connector("us", Some(""), false, Vec::new()),
    ];
    insta::assert_snapshot!(seen(page::head(&state("degraded", vec![of_agent, of_keys], connectors))), @r#"
    kunci-agent 0.1.0: degraded, 1 of 3 connectors serve
    last checkpoint: of 4711 entries, 3 s ago
    SOFTWARE: this agent accepts soft tokens, whose keys can be copied. A trial,
        never production.
    the agent: BLOCKED clock-step: the clock was moved
    FROZEN: uk: "ticket 4711"
    FROZEN: us: without a recorded reason
    uk on london: FAILS certificate-expired: words about certificate-expired
    token london: FAILS token-failing: words about token-failing
    de on frankfurt: note certificate-ends-30: words about certificate-ends-30
    uk on london: note key-size: words about key-size
    "#);
}

#[test]
fn each_key_has_its_row() {
    let away = KeyStanding {
        not_after: None,
        ..key("london", None, vec![reason("token-unavailable", Weight::Blocks)])
    };
    let connectors = [
        connector("de", None, true, vec![key("frankfurt", Some("software"), Vec::new()), away]),
        connector("uk", Some(""), false, vec![key("london", Some("asserted"), Vec::new())]),
        connector("us", None, false, Vec::new()),
    ];
    let rows: Vec<_> = page::rows(&connectors).iter().map(|row| row.join(" | ")).collect();
    insta::assert_snapshot!(rows.join("\n"), @r"
    de | Germany | yes | 1200 | frankfurt | SOFTWARE | certified 01234567… | 2027-05-29
    de | Germany | yes | 1200 | london | - | certified 01234567… | -
    uk | Germany | FROZEN | 1200 | london | asserted | certified 01234567… | 2027-05-29
    us | Germany | NO | 1200 | - | - | - | -
    ");
}

#[test]
fn a_token_that_signs_shows_its_pace_and_its_part() {
    let token = TokenStatus { name: "frankfurt".into(), state: "ready".into(), ..TokenStatus::default() };
    let busy = TokenStatus { latency_ms: Some(8.12), share: Some(0.625), ..token.clone() };
    assert_eq!(page::of_pace(&busy).join(" | "), "frankfurt | ready | - | 8.1 ms | 62 %");
    assert_eq!(page::of_pace(&token).join(" | "), "frankfurt | ready | - | - | -");
}

/// As a person at a terminal of 80 columns sees it.
#[test]
fn the_page_fits_on_a_terminal() {
    let (print, out, _) = crate::print::tests::printer(false, true);
    let key = |token: &str| key(token, Some("software"), vec![reason("token-unavailable", Weight::Blocks)]);
    let connectors = vec![connector("de", None, true, vec![key("frankfurt"), key("london")])];
    state("degraded", Vec::new(), connectors).show(&print).unwrap();
    insta::assert_snapshot!(fits(out.text()), @r"
    kunci-agent 0.1.0: degraded, 1 of 1 connectors serve
    last checkpoint: of 4711 entries, 3 s ago
    SOFTWARE: this agent accepts soft tokens, whose keys can be copied. A trial,
        never production.
    de on frankfurt: BLOCKED token-unavailable: words about token-unavailable
    de on london: BLOCKED token-unavailable: words about token-unavailable
    token london: FAILS token-failing: words about token-failing

    TOKEN   STATE  GRADE  SIGNATURE  SHARE
    london  ready  -      -          -

    CONNECTOR  REGION   SERVES  TENANTS  TOKEN      GRADE     KEY         UNTIL
    de         Germany  yes     1200     frankfurt  SOFTWARE  certified   2027-05-29
                                                              01234567…
    de         Germany  yes     1200     london     SOFTWARE  certified   2027-05-29
                                                              01234567…
    ");
}

#[test]
fn nothing_is_called_what_only_an_attestation_may() {
    let connectors = vec![connector("de", None, true, vec![key("frankfurt", Some("asserted"), Vec::new())])];
    let rows = page::rows(&connectors).concat().join(" ");
    let page = page::head(&state("ok", Vec::new(), connectors)).join("\n") + &rows;
    assert!(!page.to_lowercase().contains("hardware"), "{page}");
}
