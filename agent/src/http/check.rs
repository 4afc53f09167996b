//! `POST /v1/tokens/{token}/check`: a token and each key on it, and whether anything bad was found.

use std::sync::Arc;

use api::{Checked, CheckedKey, Finding, Problem, TokenStatus, Weight};
use axum::extract::State;
use axum::{Extension, Json};
use hsm_config::Verb;

use super::admin::spend;
use super::path::Path;
use super::tokens::{known, status};
use crate::front::Front;
use crate::ipc::peer::Peer;
use crate::keys::provision;

/// Survey a token and probe its pinned keys.
#[utoipa::path(
    post, path = api::path::CHECK, tag = "vendors",
    params(("token" = String, Path, description = "The token's name")),
    responses(
        (status = 200, description = "What was found", body = Checked),
        (status = 403, description = "Not granted"),
        (status = 503, description = "The token is not available"),
    )
)]
pub(super) async fn check(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(token): Path<String>,
) -> Result<Json<Checked>, Problem> {
    let grant = front.admin_grant(&peer, Verb::Check)?;
    let name = known(&front, &token)?;
    spend(&front, grant, Some(&name)).await?;
    let (posture, keys) = provision::check(front.clone(), name.clone()).await?;
    let (token, findings) = (status(&front, &name), posture.findings());
    let well = is_well(&token, &findings, &keys);
    Ok(Json(Checked { token, findings, keys, well }))
}

/// Whether nothing bad was found.
fn is_well(token: &TokenStatus, findings: &[Finding], keys: &[CheckedKey]) -> bool {
    token.reasons.is_empty() && are_excused(findings) && keys.iter().all(is_key_well)
}

fn are_excused(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.excepted)
}

/// A key without a connector signs nothing, whatever it fails.
fn is_key_well(key: &CheckedKey) -> bool {
    if key.standing == "no-connector" {
        return true;
    }
    key.standing == "pinned"
        && are_excused(&key.findings)
        && key.probe != Some(false)
        && key.reasons.iter().all(|reason| reason.weight == Weight::Notes)
}

#[cfg(test)]
mod tests {
    use api::ReadinessReason;

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
        assert!(good(CheckedKey { findings: vec![finding(false)], ..key("no-connector") }));
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
