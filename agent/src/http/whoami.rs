//! `GET /v1/whoami`: who the agent takes the peer for, and what the rules that name it grant. Nobody hears of another's.

use std::sync::Arc;

use api::Whoami;
use axum::extract::State;
use axum::{Extension, Json};

use crate::front::Front;
use crate::ipc::peer::Peer;

/// Ask who you are to the agent, and what you may get.
#[utoipa::path(
    get, path = api::path::WHOAMI, tag = "services",
    responses((status = 200, description = "You, and what rules grant you", body = Whoami))
)]
pub(super) async fn read(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
) -> Json<Whoami> {
    let rules = front.policy();
    Json(Whoami {
        uid: peer.uid(),
        groups: peer.groups(),
        unit: peer.unit().map(str::to_owned),
        rules: rules.granted(&peer),
        verbs: rules.verbs(&peer).iter().map(ToString::to_string).collect(),
    })
}
