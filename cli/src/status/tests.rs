use agent::http::KeyStanding;

use super::*;

fn key(token: &str, grade: Option<&str>, inactive: Option<&str>) -> KeyStanding {
    KeyStanding {
        token: token.into(),
        state: serde_json::from_str("\"certified\"").unwrap(),
        grade: grade.map(str::to_owned),
        spki_sha256: Some("0123456789abcdef0123456789abcdef".into()),
        certificate_sha256: None,
        exceptions: Vec::new(),
        inactive: inactive.map(str::to_owned),
    }
}

fn connector(name: &str, frozen: Option<&str>, keys: Vec<KeyStanding>) -> Connector {
    Connector {
        name: name.into(),
        region: "Germany".into(),
        algorithm: "PS256".into(),
        lifetime_s: 300,
        tenants: 1200,
        frozen: frozen.map(str::to_owned),
        ready: frozen.is_none() && keys.iter().any(|key| key.inactive.is_none()),
        keys,
    }
}

fn health(status: &str, software: bool) -> Health {
    Health { status: status.into(), software, version: "0.1.0".into() }
}

fn state(status: &str, connectors: Vec<Connector>) -> State {
    State { health: health(status, true), tokens: Vec::new(), connectors }
}

#[test]
fn the_page_begins_with_what_matters() {
    let connectors = [
        connector("de", None, vec![key("frankfurt", Some("software"), None)]),
        connector("uk", Some("ticket 4711"), vec![key("london", Some("software"), None)]),
    ];
    insta::assert_snapshot!(page::head(&health("degraded", true), &connectors), @r"
    kunci-agent 0.1.0: degraded, 1 of 2 connectors sign
    SOFTWARE: this agent accepts soft tokens, whose keys can be copied. A trial, never production.
    FROZEN: uk: ticket 4711
    ");
}

#[test]
fn each_key_has_its_row() {
    let connectors = [
        connector(
            "de",
            None,
            vec![
                key("frankfurt", Some("software"), None),
                key("london", None, Some("the token london is away")),
            ],
        ),
        connector("uk", Some(""), vec![key("london", Some("asserted"), None)]),
        connector("us", None, Vec::new()),
    ];
    let rows: Vec<_> = page::rows(&connectors).iter().map(|row| row.join(" | ")).collect();
    insta::assert_snapshot!(rows.join("\n"), @r"
    de | Germany | yes | PS256 | 1200 | frankfurt | SOFTWARE | certified 0123456789abcdef…
    de | Germany | yes | PS256 | 1200 | london | - | certified 0123456789abcdef…: the token london is away
    uk | Germany | FROZEN | PS256 | 1200 | london | asserted | certified 0123456789abcdef…
    us | Germany | NO | PS256 | 1200 | - | - | -
    ");
}

#[test]
fn nothing_is_called_what_only_an_attestation_may() {
    let connectors = [connector("de", None, vec![key("frankfurt", Some("asserted"), None)])];
    let page = page::head(&health("ok", false), &connectors) + &page::rows(&connectors).concat().join(" ");
    assert!(!page.to_lowercase().contains("hardware"), "{page}");
}

#[test]
fn all_is_well_only_if_everything_signs() {
    let good = || connector("de", None, vec![key("frankfurt", Some("asserted"), None)]);
    assert!(state("ok", vec![good()]).is_well());
    assert!(!state("degraded", vec![good()]).is_well());
    assert!(!state("ok", vec![good(), connector("uk", Some("why"), vec![key("l", None, None)])]).is_well());
    assert!(!state("ok", vec![connector("uk", None, Vec::new())]).is_well());
}
