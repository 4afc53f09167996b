//! `POST /v1/log/key`: the ledger's own key, which signs checkpoints and nothing else.

use std::sync::Arc;

use api::{InitKey, LedgerKey, Problem};
use axum::extract::State;
use axum::{Extension, Json};
use hsm_config::Verb;

use super::body::Json as Parsed;
use crate::checkpoints::init;
use crate::front::Front;
use crate::ipc::peer::Peer;

/// Make the ledger's key on the token that the configuration names. Running it again changes nothing.
#[utoipa::path(
    post, path = api::path::LEDGER_KEY, tag = "vendors",
    request_body = InitKey,
    responses(
        (status = 200, description = "The key, with what auditors verify checkpoints by", body = LedgerKey),
        (status = 403, description = "Not granted"),
        (status = 409, description = "No token is named, the key is elsewhere or unknown, or the token is not fit"),
        (status = 503, description = "Token or ledger"),
    )
)]
pub(super) async fn create(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
    Parsed(how): Parsed<InitKey>,
) -> Result<Json<LedgerKey>, Problem> {
    let grant = front.admin_grant(&peer, Verb::Provision)?;
    init::init_key(front, grant, how).await.map(Json)
}
