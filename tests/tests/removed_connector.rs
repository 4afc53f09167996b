//! A connector that was taken out of the configuration leaves its key on the token: that is told, and held against nothing.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;

use tests::Rig;

/// `uk` is taken out, and `de` out of the second token.
fn rig() -> Rig {
    let rig = Rig::bare().connector("de", "p-256", "ES256").connector("uk", "p-256", "ES256");
    let rig = rig.second_token().provisioned();
    let text = fs::read_to_string(rig.at("kunci.toml")).unwrap();
    let start = text.find("[connectors.uk]").unwrap();
    let end = start + text[start..].find("[callers.rig]").unwrap();
    let text = [&text[..start], &text[end..]].concat();
    rig.private("kunci.toml", &text.replace("[\"soft\", \"second\"]", "[\"soft\"]"));
    rig
}

#[test]
fn a_key_without_a_connector_is_told_with_what_to_do_and_fails_neither_check_nor_token() {
    let rig = rig();
    let agent = rig.start();
    for (token, left) in [("soft", "uk"), ("second", "de"), ("second", "uk")] {
        let page = rig.kunci(&["token", "check", token]);
        let text = String::from_utf8_lossy(&page.stdout);
        assert_eq!(page.status.code(), Some(0), "{page:?}");
        let line = text.lines().skip_while(|line| !line.contains(&format!("kunci:{left}")));
        let told: Vec<_> = line.take(2).collect();
        assert!(told[0].contains("no connector") && !told[0].contains("probe"), "{text}");
        assert!(told[1].contains(&format!("[connectors.{left}]")), "{text}");
    }
    assert!(agent.tokens().iter().all(|token| token["failing"].is_null()), "{:?}", agent.tokens());
    let status = rig.kunci(&["status"]);
    assert_eq!(status.status.code(), Some(0), "{status:?}");
    agent.assertion("de").ok();
}
