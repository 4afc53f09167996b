//! `POST /v1/connectors/{connector}/proofs`: a Graph key-roll proof. Whoever has one can add a key of their own.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hsm_config::Verb;
use serde::{Deserialize, Serialize};
use token::Message;
use token::message::{self, MAX_LIFETIME_S};
use utoipa::ToSchema;

use super::admin::reason;
use super::assertions::flying;
use super::body::Json as Parsed;
use super::connectors::visible;
use super::path::Path;
use crate::clock::Reading;
use crate::draft::Draft;
use crate::front::Front;
use crate::peer::Peer;
use crate::policy::Refusal;
use crate::problem::Problem;
use crate::spine;

/// Which application's keys are to be rolled, and why.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProofRequest {
    /// The application's object id.
    pub object_id: String,
    /// Why; it stands in the ledger.
    pub reason: String,
}

/// A proof for `addKey` or `removeKey`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Proof {
    /// The compact JWS.
    pub proof: String,
    /// Its expiry, seconds since 1970: ten minutes from now.
    pub expires_at: i64,
    /// The index of its intent in the log.
    pub log_index: u64,
}

/// Get a proof of possession for a Graph key roll.
#[utoipa::path(
    post, path = "/v1/connectors/{connector}/proofs", tag = "vendors",
    params(("connector" = String, Path, description = "The connector's name")),
    request_body = ProofRequest,
    responses(
        (status = 200, description = "Valid for ten minutes", body = Proof),
        (status = 403, description = "Not granted, or frozen", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Token, ledger or clock", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn create(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(connector): Path<String>,
    Parsed(asked): Parsed<ProofRequest>,
) -> Result<Response, Problem> {
    let rules = front.policy();
    let warrant = front.warrant(&peer, Verb::Proof)?;
    let name = visible(&front, &peer, &connector)?;
    let reason = reason(&asked.reason)?;
    let flight = front.gates.enter(&name)?;
    let active = front.connectors.active(&name, rules.connector(&name).ok_or(Refusal::Connector)?)?;
    let now = front.clock.seconds(Reading::now())?;
    let message = Message::Proof(message::Proof {
        certificate: active.certificate_sha256,
        object_id: asked.object_id,
        nbf: now,
        exp: now.saturating_add(MAX_LIFETIME_S),
    });
    let draft = Draft::warranted(&warrant, active.key.clone(), message, reason)?;
    let answer = spine::release(front, draft, flight).await?;
    let Some(proof) = answer.compact() else {
        return Err(Problem::unavailable("internal", "The answer is of another kind", "Try again."));
    };
    let body = Proof { proof, expires_at: now.saturating_add(MAX_LIFETIME_S), log_index: answer.log_index() };
    Ok(flying(axum::Json(body).into_response(), answer))
}
