//! A token checked: every key with a label of Kunci's, whether it is the pinned one, what it fails, and whether it signs.

use std::sync::Arc;

use api::{CheckedKey, Problem, ReadinessReason};
use hsm_config::{Flaw, Name};
use ledger::{Entry, Kind};
use token::control::LEDGER_LABEL;
use token::lane::{KeyReport, Work};
use token::{KeyRef, Sha256};

use crate::front::{Front, activation, outlook};
use crate::keys::ledger_key::LedgerKey;
use crate::keys::posture::Posture;
use crate::keys::readiness::{self, Dates};
use crate::spine::run_to_completion::run_to_completion;
use crate::tokens::{AskError, Survey};

/// Surveys a token and probes its pinned keys.
pub async fn check(front: Arc<Front>, token: Name) -> Result<(Posture, Vec<CheckedKey>), Problem> {
    run_to_completion(async move {
        let survey = activation::survey(&front, &token).await;
        let survey = survey.map_err(|error| front.tokens.told(&token, &error))?;
        let mut keys = Vec::new();
        for report in &survey.keys {
            keys.push(check_key(&front, &token, &survey, report).await);
        }
        Ok((Posture::of_token(&survey, front.tokens.exceptions(&token)), keys))
    })
    .await
}

async fn check_key(front: &Front, token: &Name, survey: &Survey, report: &KeyReport) -> CheckedKey {
    if report.label == LEDGER_LABEL {
        return check_ledger_key(front, token, survey, report);
    }
    let spki_sha256 = Sha256::of(&report.spki);
    let known = report
        .id
        .and_then(|id| front.with_lifecycle(|lifecycle| lifecycle.known_as(token.as_str(), id).cloned()));
    let pin = known.as_ref().and_then(|key| key.pin());
    let connector = known.as_ref().and_then(|key| key.connector.parse::<Name>().ok());
    let has_use = connector.as_ref().is_some_and(|name| is_configured(front, name, token));
    let standing = match pin {
        Some(pin) if pin.spki_sha256 != spki_sha256 => "mismatch",
        Some(_) if has_use => "pinned",
        Some(_) => "no-connector",
        None => "orphan",
    };
    let exceptions = exceptions(front, token, connector.as_ref());
    let probe = match (standing, &connector, pin) {
        ("pinned", Some(connector), Some(pin)) => Some(probe(front, token, connector.clone(), pin).await),
        _ => None,
    };
    let current = connector.filter(|name| is_current(front, name, token, report));
    let dates = current.as_ref().and_then(|name| front.connectors.standing(name, token).dates);
    CheckedKey {
        label: report.label.clone(),
        key: report.id.map(|id| id.to_string()),
        spki_sha256: spki_sha256.to_string(),
        standing: standing.to_owned(),
        probe,
        pin_each_time: report.attributes.always_authenticate == Some(true),
        grade: survey.token.grade().to_string(),
        findings: Posture::of(survey, report, &exceptions).findings(),
        not_before: dates.map(Dates::begins),
        not_after: dates.map(Dates::ends),
        reasons: current.map(|name| reasons(front, &name, token)).unwrap_or_default(),
    }
}

/// The log's own key. It is not tried: it signs checkpoints only, and each of them is a trial.
fn check_ledger_key(front: &Front, token: &Name, survey: &Survey, report: &KeyReport) -> CheckedKey {
    let spki_sha256 = Sha256::of(&report.spki);
    let standing = front.with_lifecycle(|lifecycle| {
        let current = lifecycle.ledger().current(front.checkpoints.origin());
        let is_it = |key: &&LedgerKey| key.token == token.as_str() && Some(key.id) == report.id;
        match current.filter(is_it).and_then(LedgerKey::pin) {
            Some(pin) if pin.spki_sha256 == spki_sha256 => "pinned",
            Some(_) => "mismatch",
            // Of a log of before: it signs nothing.
            None if report.id.is_some_and(|id| lifecycle.ledger().knows(token.as_str(), id)) => {
                "no-connector"
            }
            None => "orphan",
        }
    });
    CheckedKey {
        label: report.label.clone(),
        key: report.id.map(|id| id.to_string()),
        spki_sha256: spki_sha256.to_string(),
        standing: standing.to_owned(),
        probe: None,
        pin_each_time: report.attributes.always_authenticate == Some(true),
        grade: survey.token.grade().to_string(),
        findings: Posture::of(survey, report, &exceptions(front, token, None)).findings(),
        not_before: None,
        not_after: None,
        reasons: Vec::new(),
    }
}

/// Whether the configuration has the connector, on this token: only then does its host know what the key is for.
fn is_configured(front: &Front, connector: &Name, token: &Name) -> bool {
    front.policy().connector(connector).is_some_and(|config| config.tokens.contains(token))
}

/// Whether the key is what the connector signs with on this token, or would.
fn is_current(front: &Front, connector: &Name, token: &Name, report: &KeyReport) -> bool {
    front.with_lifecycle(|lifecycle| {
        let current = lifecycle.current(connector.as_str(), token.as_str());
        current.is_some_and(|key| Some(key.id) == report.id)
    })
}

/// What stands in the way of a configured connector's key.
fn reasons(front: &Front, connector: &Name, token: &Name) -> Vec<ReadinessReason> {
    let rules = front.policy();
    let config = rules.connector(connector).filter(|config| config.tokens.contains(token));
    let reasons = config.map(|config| outlook::key(front, (connector, config), token));
    readiness::told(&reasons.unwrap_or_default())
}

/// What is excused of a connector's key; of a key that is no connector's, what is excused of the token.
pub(crate) fn exceptions(front: &Front, token: &Name, connector: Option<&Name>) -> Vec<Flaw> {
    let rules = front.policy();
    let connector = connector.and_then(|name| rules.connector(name));
    let of_token = || front.tokens.exceptions(token).to_vec();
    connector.map_or_else(of_token, |connector| front.key_policy(connector, token).exceptions)
}

async fn probe(front: &Front, token: &Name, connector: Name, key: KeyRef) -> bool {
    let entry =
        Entry::new(Kind::Probe).connector(connector.as_str()).token(token.as_str()).key(key.id.to_string());
    front.journal.record_detached(entry);
    let answer: Result<_, AskError> = front.tokens.ask(token, Work::Probe { connector, key }).await;
    match answer {
        Ok(_) => front.tokens.proved(token),
        Err(error) => {
            tracing::warn!(%token, %error, "a probe failed");
            return false;
        }
    }
    true
}
