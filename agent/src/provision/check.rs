//! A token checked: every key with a label of Kunci's, whether it is the pinned one, what it fails, and whether it signs.

use std::sync::Arc;

use hsm_config::{Flaw, Name};
use ledger::{Entry, Kind};
use token::lane::{KeyReport, Work};
use token::{KeyRef, Sha256};

use crate::front::{Front, standing};
use crate::grade::Grade;
use crate::http::{CheckedKey, Finding};
use crate::posture::Posture;
use crate::problem::Problem;
use crate::tokens::{AskError, Survey};
use crate::walk::to_the_end;

/// Surveys a token and probes its pinned keys.
pub async fn check(front: Arc<Front>, token: Name) -> Result<(Posture, Vec<CheckedKey>), Problem> {
    to_the_end(async move {
        let survey = standing::survey(&front, &token).await?;
        let mut keys = Vec::new();
        for report in &survey.keys {
            keys.push(check_key(&front, &token, &survey, report).await);
        }
        Ok((Posture::of_token(&survey, front.tokens.exceptions(&token)), keys))
    })
    .await
}

async fn check_key(front: &Front, token: &Name, survey: &Survey, report: &KeyReport) -> CheckedKey {
    let spki_sha256 = Sha256::of(&report.spki);
    let known = report
        .id
        .and_then(|id| front.with_lifecycle(|lifecycle| lifecycle.known_as(token.as_str(), id).cloned()));
    let pin = known.as_ref().and_then(|key| key.pin());
    let standing = match pin {
        Some(pin) if pin.spki_sha256 == spki_sha256 => "pinned",
        Some(_) => "mismatch",
        None => "orphan",
    };
    let connector = known.and_then(|key| key.connector.parse::<Name>().ok());
    let exceptions = exceptions(front, token, connector.as_ref());
    let probe = match (standing, connector, pin) {
        ("pinned", Some(connector), Some(pin)) => Some(probe(front, token, connector, pin).await),
        _ => None,
    };
    CheckedKey {
        label: report.label.clone(),
        key: report.id.map(|id| id.to_string()),
        spki_sha256: spki_sha256.to_string(),
        standing: standing.to_owned(),
        probe,
        pin_each_time: report.attributes.always_authenticate == Some(true),
        grade: Grade::of(&survey.token).to_string(),
        findings: Finding::all(&Posture::of(survey, report, &exceptions)),
    }
}

/// What is excused of a connector's key; of a key that is no connector's, what is excused of the token.
pub(crate) fn exceptions(front: &Front, token: &Name, connector: Option<&Name>) -> Vec<Flaw> {
    let rules = front.policy();
    let connector = connector.and_then(|name| rules.connector(name));
    let of_token = || front.tokens.exceptions(token).to_vec();
    connector.map_or_else(of_token, |connector| front.terms(connector, token).exceptions)
}

async fn probe(front: &Front, token: &Name, connector: Name, key: KeyRef) -> bool {
    let entry =
        Entry::new(Kind::Probe).connector(connector.as_str()).token(token.as_str()).key(key.id.to_string());
    front.journal.note(entry);
    let answer: Result<_, AskError> = front.tokens.ask(token, Work::Probe { connector, key }).await;
    answer.inspect_err(|error| tracing::warn!(%token, %error, "a probe failed")).is_ok()
}
