//! `POST /v1/connectors/{connector}/assertions`: the main job.

use std::sync::Arc;

use api::{Assertion, AssertionRequest, Problem};
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use token::Message;

use super::body::Small;
use super::path::Path;
use crate::front::Front;
use crate::ipc::peer::Peer;
use crate::spine;
use crate::spine::answer::{Answer, Finished};
use crate::spine::in_flight::InFlight;

/// Get a client assertion for one tenant and client id.
#[utoipa::path(
    post, path = api::path::ASSERTIONS, tag = "services",
    params(("connector" = String, Path, description = "The connector's name")),
    request_body = AssertionRequest,
    responses(
        (status = 200, description = "A fresh assertion; use it once", body = Assertion),
        (status = 400, description = "Not well-formed"),
        (status = 403, description = "Not granted, or frozen"),
        (status = 413, description = "Body over 4 KiB"),
        (status = 429, description = "The rule's rate is spent"),
        (status = 500, description = "The token failed"),
        (status = 503, description = "Token, ledger or clock; see Retry-After"),
    )
)]
pub(super) async fn create(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(connector): Path<String>,
    Small(body): Small,
) -> Result<Response, Problem> {
    respond(spine::assertion(front, peer, connector, body).await?)
}

/// It stays in flight until the last byte was written.
pub(super) fn with_in_flight(mut response: Response, in_flight: InFlight) -> Response {
    response.extensions_mut().insert(Arc::new(in_flight));
    response
}

/// An answer of another kind than was composed: ours to mend, and nothing leaves.
pub(super) fn other_kind() -> Problem {
    Problem::internal("The answer is of another kind")
}

fn respond(answer: Answer) -> Result<Response, Problem> {
    let log_index = answer.log_index();
    let Message::Assertion(message) = answer.message() else { return Err(other_kind()) };
    let (jti, expires_at, x5t_s256) = (message.jti.clone(), message.exp, message.x5t_s256());
    let (Finished::Jws(assertion), in_flight) = answer.finish()? else { return Err(other_kind()) };
    let body = Assertion { assertion, jti, expires_at, x5t_s256, log_index };
    Ok(with_in_flight(axum::Json(body).into_response(), in_flight))
}
