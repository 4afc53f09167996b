//! What provisioning did, in words.

use api::{Provisioned, ReadinessReason};

use crate::token::readiness;

/// One key in one line.
pub(crate) fn line(key: &Provisioned) -> String {
    let Provisioned { connector, token, outcome, .. } = key;
    if key.spki_sha256.is_empty() {
        return format!("{connector} on {token}: nothing to adopt");
    }
    let certificate = certificate(key);
    let grade = match key.grade.as_str() {
        "software" => "SOFTWARE, so it can be copied",
        other => other,
    };
    let until = key.not_after.as_ref().map(|time| format!(", until {time}")).unwrap_or_default();
    format!("{connector} on {token}: {outcome}, {grade}, {certificate}{until}")
}

fn certificate(key: &Provisioned) -> String {
    let Provisioned { connector, spki_sha256, certificates_in_doubt: in_doubt, .. } = key;
    match &key.certificate_sha256 {
        Some(digest) => format!("certificate SHA-256 {digest}"),
        None if !in_doubt.is_empty() => format!(
            "{} certificates found, and none is in force: install the one that customers hold (`kunci cert install {connector} \
             FILE`). SHA-256 {}; each has a copy in certificates/ of the state directory",
            in_doubt.len(),
            in_doubt.join(", ")
        ),
        None if key.csr.is_some() => "waits for the CA's certificate".to_owned(),
        None => format!(
            "no certificate found: install the one that customers hold (`kunci cert install {connector} FILE`), or have a new one \
             made: `kunci provision {connector} --adopt --spki-sha256 {spki_sha256} --new-certificate`"
        ),
    }
}

/// What stands in the way of the key. That it waits for what was asked for is no news.
pub(crate) fn reasons(key: &Provisioned) -> Vec<String> {
    let is_news = |reason: &&ReadinessReason| key.csr.is_none() || reason.code != "uncertified";
    let told =
        |reason: &ReadinessReason| format!("{} on {}: {}", key.connector, key.token, readiness(reason));
    key.reasons.iter().filter(is_news).map(told).collect()
}

/// Keys with the connector's label that nobody accounts for, and what to do.
pub(crate) fn orphans(key: &Provisioned) -> Vec<String> {
    let Provisioned { connector, token, unfinished, .. } = key;
    let one = |digest: &String| {
        let what = if unfinished.contains(digest) {
            "A run that was cut short left it: destroy it with the token's own tools, unless this log is an older copy and customers \
             hold its certificate"
                .to_owned()
        } else if key.spki_sha256.is_empty() {
            format!("If it is yours: `kunci provision {connector} --adopt --spki-sha256 {digest}`")
        } else {
            "Find out whose it is, and destroy it only if no customer holds a certificate of it".to_owned()
        };
        format!(
            "{token} holds a key labelled for {connector}, SHA-256 {digest}, that the log does not know. Nothing is signed \
             with it. {what}"
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
