//! What provisioning did, in words.

use agent::http::{Provisioned, ReadinessReason};

use crate::token::readiness;

/// One key in one line.
pub(super) fn line(key: &Provisioned) -> String {
    let Provisioned { connector, token, outcome, .. } = key;
    let certificate = match &key.certificate_sha256 {
        Some(digest) => format!("certificate SHA-256 {digest}"),
        None if key.csr.is_some() => "waits for the CA's certificate".to_owned(),
        None => "no certificate yet".to_owned(),
    };
    let grade = match key.grade.as_str() {
        "software" => "SOFTWARE, so it can be copied",
        other => other,
    };
    let until = key.not_after.as_ref().map(|time| format!(", until {time}")).unwrap_or_default();
    format!("{connector} on {token}: {outcome}, {grade}, {certificate}{until}")
}

/// What stands in the way of the key. That it waits for what was asked for is no news.
pub(super) fn reasons(key: &Provisioned) -> Vec<String> {
    let is_news = |reason: &&ReadinessReason| key.csr.is_none() || reason.code != "uncertified";
    let told =
        |reason: &ReadinessReason| format!("{} on {}: {}", key.connector, key.token, readiness(reason));
    key.reasons.iter().filter(is_news).map(told).collect()
}

/// Keys with the connector's label that nobody accounts for, and what to do.
pub(super) fn orphans(key: &Provisioned) -> Vec<String> {
    let Provisioned { connector, token, .. } = key;
    let one = |digest: &String| {
        format!(
            "{token} holds another key labelled for {connector}, SHA-256 {digest}, that the ledger does not pin. Nothing is \
             signed with it. A run that was cut short leaves such a key: destroy it with the token's own tools"
        )
    };
    key.orphans.iter().map(one).collect()
}

/// How many went well, and which did not.
pub(super) fn summary(done: usize, failed: &[String]) -> String {
    format!(
        "{done} provisioned, {} failed: {}. Run it again once the cause is gone.",
        failed.len(),
        failed.join(", ")
    )
}

#[cfg(test)]
mod tests;
