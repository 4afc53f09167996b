//! `POST /v1/tokens/{token}/check`: a token and each key on it, and whether anything bad was found.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use hsm_config::Verb;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::admin::spend;
use super::finding::Finding;
use super::path::Path;
use super::readiness::ReadinessReason;
use super::tokens::{TokenStatus, known, status};
use crate::front::Front;
use crate::peer::Peer;
use crate::problem::Problem;
use crate::provision;
use crate::readiness::Weight;

/// What a check found.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Checked {
    /// The token.
    pub token: TokenStatus,
    /// Each requirement that the token itself fails.
    pub findings: Vec<Finding>,
    /// Its keys, one line each.
    pub keys: Vec<CheckedKey>,
    /// Whether nothing bad was found: the token serves, and each of its keys is a pinned one that nothing blocks or fails.
    #[serde(default)]
    pub well: bool,
}

/// A key on a checked token.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CheckedKey {
    /// CKA_LABEL.
    pub label: String,
    /// CKA_ID, hex, where it is one of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// SHA-256 of the SubjectPublicKeyInfo, hex.
    pub spki_sha256: String,
    /// "pinned", "orphan" or "mismatch".
    pub standing: String,
    /// Whether a probe signature verified; absent where the key is not pinned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<bool>,
    /// True where the token wants the PIN for each of the key's signatures (CKA_ALWAYS_AUTHENTICATE).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pin_each_time: bool,
    /// "asserted" or "software".
    pub grade: String,
    /// Each requirement that it fails, with those of the token.
    pub findings: Vec<Finding>,
    /// From when the connector's certificate is good, RFC 3339; absent where the key is not a connector's now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// Until when the connector's certificate is good, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<String>,
    /// What blocks, fails or is to be noted of the connector's key here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<ReadinessReason>,
}

/// Survey a token and probe its pinned keys.
#[utoipa::path(
    post, path = "/v1/tokens/{token}/check", tag = "vendors",
    params(("token" = String, Path, description = "The token's name")),
    responses(
        (status = 200, description = "What was found", body = Checked),
        (status = 403, description = "Not granted", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The token is not available", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn check(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(token): Path<String>,
) -> Result<Json<Checked>, Problem> {
    let warrant = front.warrant(&peer, Verb::Check)?;
    let name = known(&front, &token)?;
    spend(&front, warrant, Some(&name)).await?;
    let (posture, keys) = provision::check(front.clone(), name.clone()).await?;
    let (token, findings) = (status(&front, &name), Finding::all(&posture));
    let well = is_well(&token, &findings, &keys);
    Ok(Json(Checked { token, findings, keys, well }))
}

/// Whether nothing bad was found.
fn is_well(token: &TokenStatus, findings: &[Finding], keys: &[CheckedKey]) -> bool {
    token.reasons.is_empty() && are_excused(findings) && keys.iter().all(CheckedKey::is_well)
}

fn are_excused(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.excepted)
}

impl CheckedKey {
    fn is_well(&self) -> bool {
        self.standing == "pinned"
            && are_excused(&self.findings)
            && self.probe != Some(false)
            && self.reasons.iter().all(|reason| reason.weight == Weight::Notes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(standing: &str) -> CheckedKey {
        CheckedKey {
            label: "kunci:de".into(),
            key: None,
            spki_sha256: "c0ffee".into(),
            standing: standing.into(),
            probe: (standing == "pinned").then_some(true),
            pin_each_time: false,
            grade: "asserted".into(),
            findings: Vec::new(),
            not_before: None,
            not_after: None,
            reasons: Vec::new(),
        }
    }

    fn reason(weight: Weight) -> Vec<ReadinessReason> {
        vec![ReadinessReason { code: "x".into(), weight, detail: String::new() }]
    }

    fn finding(excepted: bool) -> Finding {
        Finding { code: "x".into(), reason: String::new(), mend: String::new(), excepted }
    }

    #[test]
    fn only_pinned_fit_keys_that_sign_are_good() {
        let good = |key| is_well(&TokenStatus::default(), &[], &[key]);
        assert!(good(key("pinned")) && !good(key("orphan")) && !good(key("mismatch")));
        assert!(!good(CheckedKey { probe: Some(false), ..key("pinned") }));
        let fails = |excepted| CheckedKey { findings: vec![finding(excepted)], ..key("pinned") };
        assert!(good(fails(true)) && !good(fails(false)));
        let with = |weight| CheckedKey { reasons: reason(weight), ..key("pinned") };
        assert!(good(with(Weight::Notes)) && !good(with(Weight::Fails)) && !good(with(Weight::Blocks)));
    }

    #[test]
    fn a_token_that_is_unfit_away_or_failing_is_not() {
        let token = |reasons| TokenStatus { reasons, ..TokenStatus::default() };
        assert!(is_well(&token(Vec::new()), &[finding(true)], &[]));
        assert!(!is_well(&token(Vec::new()), &[finding(false)], &[]));
        assert!(!is_well(&token(reason(Weight::Fails)), &[], &[]));
        assert!(!is_well(&token(reason(Weight::Blocks)), &[], &[]));
    }
}
