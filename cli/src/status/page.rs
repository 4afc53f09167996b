//! The page's words and rows. What blocks, fails or is to be noted is the agent's word; nothing is judged here.

use api::{Connector, HealthReason, KeyStanding, ReadinessReason, TokenStatus, Weight};

use quoted::Quoted;

use super::State;
use crate::print::grade;
use crate::token::{readiness, state};

/// The heads of `of_pace`. What a token is made of is in `kunci token list`.
pub(super) const TOKENS: [&str; 5] = ["token", "state", "grade", "signature", "share"];
/// The heads of `rows`. What the configuration alone says is there.
pub(super) const KEYS: [&str; 8] =
    ["connector", "region", "serves", "tenants", "token", "grade", "key", "until"];
/// How much of a digest is shown, in hex digits: enough to tell the keys of one site apart. `kunci token check` shows all.
const DIGEST_DIGITS: usize = 8;
/// The date of an RFC 3339 time, in bytes.
const DATE: usize = 10;

/// What a person reads first.
pub(super) fn head(state: &State) -> Vec<String> {
    let State { health, tokens, connectors } = state;
    let mut lines = vec![format!(
        "kunci-agent {}: {}, {} of {} connectors serve",
        health.version, health.status, health.serving, health.connectors
    )];
    lines.extend(health.checkpoint.as_ref().map(|checkpoint| {
        format!("last checkpoint: of {} entries, {} s ago", checkpoint.size, checkpoint.age_s)
    }));
    if health.software {
        lines.push(
            "SOFTWARE: this agent accepts soft tokens, whose keys can be copied. A trial, never production."
                .into(),
        );
    }
    let mut reasons: Vec<_> = health.reasons.iter().filter_map(of_agent).collect();
    reasons.extend(connectors.iter().flat_map(of_connector));
    reasons.extend(tokens.iter().flat_map(of_token));
    // Stable: what weighs the same stays in the order of the names.
    reasons.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    lines.extend(reasons.into_iter().map(|(_, line)| line));
    lines
}

fn of_agent(reason: &HealthReason) -> Option<(Weight, String)> {
    let HealthReason { code, weight, detail: Some(detail), .. } = reason.clone() else { return None };
    Some(told("the agent", &ReadinessReason { code, weight, detail }))
}

fn of_connector(connector: &Connector) -> Vec<(Weight, String)> {
    let why = |why: &String| {
        if why.is_empty() { "without a recorded reason".to_owned() } else { Quoted(why).to_string() }
    };
    let frozen = connector.frozen.as_ref().map(|text| format!("FROZEN: {}: {}", connector.name, why(text)));
    let of_key = |key: &KeyStanding| {
        let name = format!("{} on {}", connector.name, key.token);
        key.reasons.iter().map(|reason| told(&name, reason)).collect::<Vec<_>>()
    };
    let keys = connector.keys.iter().flat_map(of_key);
    frozen.map(|line| (Weight::Blocks, line)).into_iter().chain(keys).collect()
}

fn of_token(token: &TokenStatus) -> Vec<(Weight, String)> {
    token.reasons.iter().map(|reason| told(&format!("token {}", token.name), reason)).collect()
}

fn told(name: &str, reason: &ReadinessReason) -> (Weight, String) {
    (reason.weight, format!("{name}: {}", readiness(reason)))
}

/// How a token is, how long a signature takes there, and its part of them.
pub(super) fn of_pace(token: &TokenStatus) -> Vec<String> {
    let signature = token.latency_ms.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.1} ms"));
    let share = token.share.map_or_else(|| "-".to_owned(), |share| format!("{:.0} %", share * 100.0));
    vec![token.name.clone(), state(token), grade(token.grade.as_deref()).to_owned(), signature, share]
}

/// A row for each key; a connector without one has a row of its own.
pub(super) fn rows(connectors: &[Connector]) -> Vec<Vec<String>> {
    connectors.iter().flat_map(row).collect()
}

fn row(connector: &Connector) -> Vec<Vec<String>> {
    let serves = match (&connector.frozen, connector.serves) {
        (Some(_), _) => "FROZEN",
        (None, true) => "yes",
        (None, false) => "NO",
    };
    let mut rows: Vec<_> = connector.keys.iter().map(of_key).collect();
    if rows.is_empty() {
        rows.push(["-"; 4].map(str::to_owned));
    }
    let Connector { name, region, tenants, .. } = connector;
    let head = [name.clone(), region.clone(), serves.to_owned(), tenants.to_string()];
    rows.into_iter().map(|key| head.iter().cloned().chain(key).collect()).collect()
}

fn of_key(key: &KeyStanding) -> [String; 4] {
    let state = key.state.map_or("none", |state| state.as_str());
    let pin = key.spki_sha256.as_deref().map(|pin| format!(" {}…", pin.get(..DIGEST_DIGITS).unwrap_or(pin)));
    let excused =
        (!key.exceptions.is_empty()).then(|| format!(", by exception: {}", key.exceptions.join(", ")));
    let standing = [Some(state.to_owned()), pin, excused].into_iter().flatten().collect();
    let until = key.not_after.as_deref().map_or("-", |time| time.get(..DATE).unwrap_or(time));
    [key.token.clone(), grade(key.grade.as_deref()).to_owned(), standing, until.to_owned()]
}
