//! Evidence of a connector's keys, put together from the ledger, the state directory and the tokens' last surveys.
//!
//! It says what is known and judges nothing; what is not known is left out, so that a token that is away costs only its
//! own part. Nothing here is secret: certificates, attributes, digests, and entries that name no tenant.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::{EVIDENCE, Evidence, EvidenceDevice, EvidenceEntry, EvidenceKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hsm_config::Name;
use ledger::{Reader, Timestamp};
use serde_json::Value;
use serde_json::value::RawValue;
use token::lane::{Attributes, Done, KeyReport, TokenReport, Work};
use tokio::task::spawn_blocking;

use super::certificates::Store;
use super::lifecycle::Key;
use super::posture::Posture;
use super::provision::exceptions;
use crate::front::Front;

/// The bundle of a connector.
pub(crate) async fn of(front: &Arc<Front>, connector: &Name) -> Evidence {
    let pinned = front.with_lifecycle(|lifecycle| {
        let ours = lifecycle.keys().iter().filter(|key| key.connector == connector.as_str());
        ours.filter(|key| key.pin().is_some()).cloned().collect::<Vec<_>>()
    });
    let mut keys = Vec::new();
    for key in pinned {
        keys.push(of_key(front, key).await);
    }
    Evidence {
        format: EVIDENCE.to_owned(),
        connector: connector.to_string(),
        time: Timestamp::now().to_string(),
        agent: env!("CARGO_PKG_VERSION").to_owned(),
        configuration_sha256: front.policy().configuration().to_string(),
        keys,
    }
}

async fn of_key(front: &Arc<Front>, key: Key) -> EvidenceKey {
    let token = key.token.parse::<Name>().ok();
    let survey = token.as_ref().and_then(|token| front.tokens.survey(token));
    let report = survey.as_ref().and_then(|survey| report(&survey.keys, &key));
    let findings = match (&survey, report, &token) {
        (Some(survey), Some(report), Some(token)) => {
            let connector = key.connector.parse().ok();
            Posture::of(survey, report, &exceptions(front, token, connector.as_ref())).findings()
        }
        _ => Vec::new(),
    };
    EvidenceKey {
        state: key.state,
        spki_sha256: key.spki_sha256.map(|digest| digest.to_string()).unwrap_or_default(),
        grade: survey.as_ref().map(|survey| survey.token.grade().to_string()),
        certificate: certificate(front, &key).await.map(|der| STANDARD.encode(der)),
        attestation: attestation(front, &key).await,
        tpm2: None,
        attributes: report.map(|report| told(&report.attributes)).unwrap_or_default(),
        findings,
        device: survey.as_ref().map(|survey| device(&survey.token)),
        ledger: life(front, key.entries.clone()).await,
        key: key.id.to_string(),
        token: key.token,
    }
}

/// The report of exactly this key.
fn report<'a>(reports: &'a [KeyReport], key: &Key) -> Option<&'a KeyReport> {
    let is_it = |report: &&KeyReport| {
        report.id == Some(key.id) && report.public_key().map(|public| public.sha256()) == key.spki_sha256
    };
    reports.iter().find(is_it)
}

async fn certificate(front: &Front, key: &Key) -> Option<Vec<u8>> {
    let recorded = key.certificate_sha256?;
    Store::for_key(&front.agent.state_dir, &key.connector, &key.token).read(recorded).await
}

/// What the maker of the token says of the key's birth, DER as base64: nothing where the token is away or makes no such
/// statement. A lane's question always runs to completion.
async fn attestation(front: &Arc<Front>, key: &Key) -> Vec<String> {
    let (Ok(token), Ok(connector), Some(pin)) = (key.token.parse::<Name>(), key.connector.parse(), key.pin())
    else {
        return Vec::new();
    };
    let front = front.clone();
    let work = Work::Attest { connector, key: pin };
    let told = tokio::spawn(async move { front.tokens.ask(&token, work).await }).await;
    match told {
        Ok(Ok(Done::Attestation(Some(told)))) => {
            [told.key, told.signer].map(|der| STANDARD.encode(der)).into()
        }
        Ok(Ok(_)) | Err(_) => Vec::new(),
        Ok(Err(error)) => {
            tracing::warn!(token = key.token, %error, "the maker's statement was not told");
            Vec::new()
        }
    }
}

/// The attributes that the module told.
fn told(attributes: &Attributes) -> BTreeMap<String, Value> {
    match serde_json::to_value(attributes) {
        Ok(Value::Object(all)) => all.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => BTreeMap::new(),
    }
}

fn device(token: &TokenReport) -> EvidenceDevice {
    EvidenceDevice {
        label: token.label.clone(),
        manufacturer: token.manufacturer.clone(),
        model: token.model.clone(),
        serial: token.serial.clone(),
        library: token.library.clone(),
        software: token.software,
    }
}

/// The entries with these indices, read from the disk. One that cannot be read is left out, and the log's own auditor
/// says why.
async fn life(front: &Front, indices: Vec<u64>) -> Vec<EvidenceEntry> {
    let Ok(reader) = front.journal.reader() else { return Vec::new() };
    let read = move || indices.into_iter().filter_map(|index| entry(&reader, index)).collect();
    spawn_blocking(read).await.unwrap_or_default()
}

fn entry(reader: &Reader, index: u64) -> Option<EvidenceEntry> {
    let bytes = reader.entry(index).ok()?;
    let entry = RawValue::from_string(String::from_utf8(bytes).ok()?).ok()?;
    Some(EvidenceEntry { index, entry })
}
