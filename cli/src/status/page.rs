//! The page's words and rows.

use agent::http::{Connector, Health, KeyStanding};

use crate::print::grade;

/// The heads of `rows`.
pub(super) const HEAD: [&str; 8] =
    ["connector", "region", "signs", "algorithm", "tenants", "token", "grade", "key"];
/// How much of a digest is shown, in hex digits.
const DIGEST_DIGITS: usize = 16;

/// What a person reads first.
pub(super) fn head(health: &Health, connectors: &[Connector]) -> String {
    let ready = connectors.iter().filter(|connector| connector.ready).count();
    let mut lines = vec![format!(
        "kunci-agent {}: {}, {ready} of {} connectors sign",
        health.version,
        health.status,
        connectors.len()
    )];
    if health.software {
        lines.push(
            "SOFTWARE: this agent accepts soft tokens, whose keys can be copied. A trial, never production."
                .into(),
        );
    }
    let frozen =
        connectors.iter().filter_map(|connector| Some((&connector.name, connector.frozen.as_ref()?)));
    lines.extend(frozen.map(|(name, why)| format!("FROZEN: {name}: {}", reason(why))));
    lines.join("\n")
}

/// A row for each key; a connector without one has a row of its own.
pub(super) fn rows(connectors: &[Connector]) -> Vec<Vec<String>> {
    connectors.iter().flat_map(of_connector).collect()
}

fn of_connector(connector: &Connector) -> Vec<Vec<String>> {
    let signs = match (&connector.frozen, connector.ready) {
        (Some(_), _) => "FROZEN",
        (None, true) => "yes",
        (None, false) => "NO",
    };
    let mut rows: Vec<_> = connector.keys.iter().map(of_key).collect();
    if rows.is_empty() {
        rows.push(["-"; 3].map(str::to_owned));
    }
    let Connector { name, region, algorithm, tenants, .. } = connector;
    let head = [name.clone(), region.clone(), signs.to_owned(), algorithm.clone(), tenants.to_string()];
    rows.into_iter().map(|key| head.iter().cloned().chain(key).collect()).collect()
}

fn of_key(key: &KeyStanding) -> [String; 3] {
    let state = key.state.map_or("none", |state| state.as_str());
    let pin = key.spki_sha256.as_deref().map(|pin| format!(" {}…", pin.get(..DIGEST_DIGITS).unwrap_or(pin)));
    let why = key.inactive.as_deref().map(|why| format!(": {why}"));
    let excused =
        (!key.exceptions.is_empty()).then(|| format!(", by exception: {}", key.exceptions.join(", ")));
    let standing = [Some(state.to_owned()), pin, excused, why].into_iter().flatten().collect();
    [key.token.clone(), grade(key.grade.as_deref()).to_owned(), standing]
}

fn reason(why: &str) -> &str {
    if why.is_empty() { "without a recorded reason" } else { why }
}
