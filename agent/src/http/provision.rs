//! `POST /v1/connectors/{connector}/provision`: a key on each of the connector's tokens, and its certificate.

use std::sync::Arc;

use api::{Problem, Provision, Provisioned};
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use hsm_config::Verb;

use super::assertions::with_in_flight;
use super::body::Json as Parsed;
use super::path::Path;
use crate::front::Front;
use crate::ipc::peer::Peer;
use crate::keys::provision;

/// Provision a connector. Running it again changes nothing.
#[utoipa::path(
    post, path = api::path::PROVISION, tag = "vendors",
    params(("connector" = String, Path, description = "The connector's name")),
    request_body = Provision,
    responses(
        (status = 200, description = "One for each token", body = Vec<Provisioned>),
        (status = 403, description = "Not granted"),
        (status = 409, description = "An orphaned key is in the way, or one that cannot make the algorithm"),
        (status = 503, description = "Token or ledger"),
    )
)]
pub(super) async fn create(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(connector): Path<String>,
    Parsed(how): Parsed<Provision>,
) -> Result<Response, Problem> {
    let grant = front.admin_grant(&peer, Verb::Provision)?;
    let name = front.visible(&peer, &connector)?;
    let (provisioned, in_flight) = provision::provision(front, grant, name, how).await?;
    let response = axum::Json(provisioned).into_response();
    Ok(match in_flight {
        Some(in_flight) => with_in_flight(response, in_flight),
        None => response,
    })
}
