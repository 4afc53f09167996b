//! `POST /v1/connectors/{connector}/proofs`: a Graph key-roll proof. Whoever has one can add a key of their own.

use std::sync::Arc;

use api::{Problem, Proof, ProofRequest};
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hsm_config::Verb;
use token::Message;

use super::admin::reason;
use super::assertions::{other_kind, with_in_flight};
use super::body::Json as Parsed;
use super::path::Path;
use crate::front::Front;
use crate::ipc::peer::Peer;
use crate::keys::connectors::ActiveKey;
use crate::spine;
use crate::spine::answer::Finished;
use crate::spine::draft::Draft;
use crate::spine::policy::{ObjectId, Refusal};
use crate::spine::route::Route;

/// Get a proof of possession for a Graph key roll.
#[utoipa::path(
    post, path = api::path::PROOFS, tag = "vendors",
    params(("connector" = String, Path, description = "The connector's name")),
    request_body = ProofRequest,
    responses(
        (status = 200, description = "Valid for ten minutes", body = Proof),
        (status = 400, description = "Not well-formed"),
        (status = 403, description = "Not granted, not an application of the connector's, or frozen"),
        (status = 503, description = "Token, ledger or clock"),
    )
)]
pub(super) async fn create(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(connector): Path<String>,
    Parsed(asked): Parsed<ProofRequest>,
) -> Result<Response, Problem> {
    let grant = front.admin_grant(&peer, Verb::Proof)?;
    let name = front.visible(&peer, &connector)?;
    let (reason, id) = (reason(&asked.reason)?.to_owned(), ObjectId::parse(&asked.object_id)?);
    let application = front.application(&peer, &name, &id)?;
    let in_flight = front.enter(grant.caller(), &name)?;
    let rules = front.policy();
    let connector = rules.connector(&name).ok_or(Refusal::Connector)?;
    let route = Route::of(&front, &name, connector, grant.caller())?;
    let compose = move |key: &ActiveKey, now| {
        let draft = Draft::proof(&grant, &application, key.key.clone(), key.thumbprint, now)?;
        Ok(draft.because(&reason))
    };
    let answer = spine::release_on_any(front, route, in_flight, compose).await?;
    let log_index = answer.log_index();
    let Message::Proof(message) = answer.message() else { return Err(other_kind()) };
    let expires_at = message.exp;
    let (Finished::Jws(proof), in_flight) = answer.finish()? else { return Err(other_kind()) };
    let body = Proof { proof, expires_at, log_index };
    Ok(with_in_flight(axum::Json(body).into_response(), in_flight))
}
