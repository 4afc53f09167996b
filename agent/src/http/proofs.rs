//! `POST /v1/connectors/{connector}/proofs`: a Graph key-roll proof. Whoever has one can add a key of their own.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hsm_config::Verb;
use serde::{Deserialize, Serialize};
use token::Message;
use utoipa::ToSchema;

use super::admin::reason;
use super::assertions::{flying, other_kind};
use super::body::Json as Parsed;
use super::path::Path;
use crate::answer::Finished;
use crate::connectors::ActiveKey;
use crate::draft::Draft;
use crate::front::Front;
use crate::peer::Peer;
use crate::policy::{ObjectId, Refusal};
use crate::problem::Problem;
use crate::route::Route;
use crate::spine;

/// Which application's keys are to be rolled, and why.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProofRequest {
    /// The application's object id, a GUID; it stands in the connector's tenants file.
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
        (status = 400, description = "Not well-formed", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not granted, not an application of the connector's, or frozen", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Token, ledger or clock", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn create(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(connector): Path<String>,
    Parsed(asked): Parsed<ProofRequest>,
) -> Result<Response, Problem> {
    let warrant = front.warrant(&peer, Verb::Proof)?;
    let name = front.visible(&peer, &connector)?;
    let (reason, id) = (reason(&asked.reason)?.to_owned(), ObjectId::parse(&asked.object_id)?);
    let application = front.application(&peer, &name, &id)?;
    let flight = front.enter(warrant.caller(), &name)?;
    let rules = front.policy();
    let connector = rules.connector(&name).ok_or(Refusal::Connector)?;
    let route = Route::of(&front, &name, connector, warrant.caller())?;
    let compose = move |key: &ActiveKey, now| {
        let draft = Draft::proof(&warrant, &application, key.key.clone(), key.thumbprint, now)?;
        Ok(draft.because(&reason))
    };
    let answer = spine::release_on_any(front, route, flight, compose).await?;
    let log_index = answer.log_index();
    let Message::Proof(message) = answer.message() else { return Err(other_kind()) };
    let expires_at = message.exp;
    let (Finished::Jws(proof), flight) = answer.finish()? else { return Err(other_kind()) };
    let body = Proof { proof, expires_at, log_index };
    Ok(flying(axum::Json(body).into_response(), flight))
}
