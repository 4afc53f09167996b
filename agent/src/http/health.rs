//! `GET /v1/health`: whether the agent answers, and whether sign-ins can succeed for all that is configured. Anyone who can
//! connect may ask, and is told counts and codes; names are for whom the policy shows them.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use api::{Health, HealthCheckpoint, HealthReason};
use axum::extract::State;
use axum::{Extension, Json};

use crate::front::Front;
use crate::front::outlook::{self, Subject};
use crate::ipc::peer::Peer;
use crate::keys::readiness::{self, Reason};
use crate::spine::policy::Policy;

/// Ask whether the agent is well.
#[utoipa::path(get, path = api::path::HEALTH, tag = "services", responses((status = 200, description = "It answers", body = Health)))]
pub(super) async fn read(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
) -> Json<Health> {
    let (rules, all) = (front.policy(), outlook::all(&front));
    let is_well = readiness::serves(all.iter().map(|(_, reason)| reason));
    let serving = rules.connectors().filter(|(name, connector)| outlook::serves(&front, (name, connector)));
    Json(Health {
        status: if is_well { "ok" } else { "degraded" }.to_owned(),
        software: front.agent.allow_software_tokens,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        connectors: rules.connectors().count(),
        serving: serving.count(),
        reasons: by_code(&all, |subject| is_shown(&rules, &peer, subject)),
        checkpoint: front
            .checkpoints
            .shown()
            .map(|shown| HealthCheckpoint { size: shown.size, age_s: shown.at.elapsed().as_secs() }),
    })
}

/// The codes that weigh most first.
fn by_code(all: &[(Subject, Reason)], is_shown: impl Fn(&Subject) -> bool) -> Vec<HealthReason> {
    let mut codes: BTreeMap<_, HealthReason> = BTreeMap::new();
    for (subject, reason) in all {
        let (code, weight) = (reason.code(), reason.weight());
        let of_code = codes.entry((Reverse(weight), code)).or_insert_with(|| HealthReason {
            code: code.to_owned(),
            weight,
            count: 0,
            names: Vec::new(),
            detail: None,
        });
        of_code.count += 1;
        if matches!(subject, Subject::Agent | Subject::Log) {
            of_code.detail = Some(reason.to_string());
        } else if is_shown(subject) {
            of_code.names.push(subject.to_string());
        }
    }
    codes.into_values().collect()
}

/// Who may see a connector may see its keys; tokens are for admins.
fn is_shown(rules: &Policy, peer: &Peer, subject: &Subject) -> bool {
    match subject {
        Subject::Agent | Subject::Log => true,
        Subject::Connector(name) | Subject::Key(name, _) => rules.shows(peer, name),
        Subject::Token(_) => rules.is_admin(peer),
    }
}
