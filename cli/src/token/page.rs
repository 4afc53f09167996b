//! Tokens in words and rows.

use api::{Checked, CheckedKey, Finding, ReadinessReason, TokenStatus, Weight};
use hsm_config::Name;
use quoted::Quoted;

use crate::print::grade;

/// The label of the log's own key.
const LEDGER_LABEL: &str = "kunci-ledger";
/// The standing of a key whose connector the configuration does not have.
const NO_CONNECTOR: &str = "no-connector";

/// A token as a row of `HEAD`.
pub(crate) fn row(token: &TokenStatus) -> Vec<String> {
    let maker =
        [&token.manufacturer, &token.model].map(|field| field.as_deref().unwrap_or_default()).join(" ");
    let maker = word(&Some(maker.trim().to_owned()));
    let grade = grade(token.grade.as_deref()).to_owned();
    vec![token.name.clone(), state(token), grade, word(&token.label), word(&token.serial), maker]
}

/// How it is, and why where it is not ready.
pub(crate) fn state(token: &TokenStatus) -> String {
    match (&token.detail, &token.failing) {
        (Some(why), _) => format!("{}: {why}", token.state),
        (None, Some(why)) => format!("{}, failing: {why}", token.state),
        (None, None) => token.state.clone(),
    }
}

/// The token's own word, which may be anything.
fn word(said: &Option<String>) -> String {
    said.as_deref().filter(|word| !word.is_empty()).map_or("-".to_owned(), |word| Quoted(word).to_string())
}

/// What clearing a latch did to a token that was in this state.
pub(super) fn unlatched(token: &str, before: &str) -> String {
    match before {
        "latched" => format!("{token}: the latch is cleared; its PIN is tried once more"),
        // The state is the host's word; a latch may be on record of a token that is away.
        state => format!(
            "{token}: nothing shows that it was latched ({state}); a latch on record is cleared all the same"
        ),
    }
}

/// A token that was just initialised.
pub(crate) fn initialised(token: &TokenStatus) -> String {
    format!(
        "{} is initialised: label {}, serial {}. Provision it next: `kunci provision --all`",
        token.name,
        word(&token.label),
        word(&token.serial)
    )
}

/// What a check found.
pub(crate) fn checked(checked: &Checked) -> Vec<String> {
    let token = &checked.token;
    let mut lines = vec![format!("{}: {}, {}", token.name, token.state, standing(token.grade.as_deref()))];
    lines.extend(token.reasons.iter().map(|of| format!("  {}", readiness(of))));
    lines.extend(checked.findings.iter().map(|of| format!("  {}", finding(of))));
    if !token.exceptions.is_empty() {
        lines.push(format!("  exceptions of the configuration: {}", token.exceptions.join(", ")));
    }
    if checked.keys.is_empty() {
        lines.push("  no keys of ours".to_owned());
    }
    for key in &checked.keys {
        let probe = match key.probe {
            Some(true) => ", made a test signature",
            Some(false) => ", MADE NO test signature",
            None => "",
        };
        let pin = if key.pin_each_time { ", wants the PIN for each signature" } else { "" };
        let grade = grade(Some(&key.grade));
        let until = key.not_after.as_ref().map(|time| format!(", certificate until {time}"));
        lines.push(format!(
            "  {} {}, {grade}{pin}{probe}, SHA-256 {}{}",
            Quoted(&key.label),
            of_key(key),
            key.spki_sha256,
            until.unwrap_or_default()
        ));
        // What the key or its token fails stands by requirement, and what the token does, above.
        let told = |of: &&ReadinessReason| of.code != "key-unfit" && !token.reasons.contains(of);
        lines.extend(key.reasons.iter().filter(told).map(|of| format!("    {}", readiness(of))));
        // What the token fails, each of its keys does; it stands above, once. What a key fails that signs nothing says nothing.
        let is_own = |of: &&Finding| key.standing != NO_CONNECTOR && !checked.findings.contains(of);
        let own = key.findings.iter().filter(is_own);
        lines.extend(own.map(|of| format!("    {}", finding(of))));
        lines.extend(advice(key).map(|advice| format!("    {advice}")));
    }
    lines
}

/// What stands in the way, in a line.
pub(crate) fn readiness(reason: &ReadinessReason) -> String {
    let ReadinessReason { code, weight, detail } = reason;
    match weight {
        Weight::Blocks => format!("BLOCKED {code}: {detail}"),
        Weight::Fails => format!("FAILS {code}: {detail}"),
        Weight::Notes => format!("note {code}: {detail}"),
    }
}

/// A failed requirement in a line.
fn finding(finding: &Finding) -> String {
    let Finding { code, reason, mend, excepted } = finding;
    match excepted {
        true => format!("exception {code}: {reason}"),
        false => format!("FAILS {code}: {reason}. Mend: {mend}"),
    }
}

/// A grade in a sentence.
pub(crate) fn standing(of: Option<&str>) -> String {
    match of {
        Some("software") => "SOFTWARE: its keys can be copied".to_owned(),
        Some("asserted") => "asserted: the module says where its keys were born".to_owned(),
        other => grade(other).to_owned(),
    }
}

/// What the log says of a key, in words.
fn of_key(key: &CheckedKey) -> &str {
    if key.standing == NO_CONNECTOR && key.label == LEDGER_LABEL {
        return "the log's of before";
    }
    if key.standing == NO_CONNECTOR { "pinned, has no connector" } else { &key.standing }
}

fn advice(key: &CheckedKey) -> Option<String> {
    // A label is the token's word, and this becomes a command: only a name is one.
    let connector = key.label.strip_prefix("kunci:").filter(|name| name.parse::<Name>().is_ok());
    let connector = connector.unwrap_or("CONNECTOR");
    match key.standing.as_str() {
        "orphan" if key.label == LEDGER_LABEL => Some(
            "the key of a log that this one does not know, and nothing is signed with it: if the log was lost, restore a copy"
                .into(),
        ),
        NO_CONNECTOR if key.label == LEDGER_LABEL => {
            Some("it was the log's key under an earlier origin, and nothing is signed with it any more".into())
        }
        "orphan" => Some(format!(
            "the log does not know it, and nothing is signed with it; if it is yours: \
             `kunci provision {connector} --adopt --spki-sha256 {}`",
            key.spki_sha256
        )),
        NO_CONNECTOR => Some(format!(
            "the configuration has no [connectors.{connector}] on this token, so nothing is signed with it: bring that section \
             back to use it; destroy it with the token's own tools only once no customer holds a certificate of it"
        )),
        "mismatch" => {
            Some("it is not the key that the log has on record, and nothing is signed with it: find out who put it there".into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
