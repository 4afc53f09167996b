//! `GET /v1/connectors/{connector}/evidence`: all that the front knows of where a connector's keys were born.
//!
//! For an auditor, who believes nothing of it: the format is docs/evidence-format.md, the judge is `kunci attest verify`.

use std::sync::Arc;

use api::{Evidence, Problem};
use axum::extract::State;
use axum::{Extension, Json};

use super::path::Path;
use crate::front::Front;
use crate::ipc::peer::Peer;
use crate::keys::evidence;
use crate::spine::policy::Refusal;

/// Put together the evidence of where a connector's keys were born.
#[utoipa::path(
    get, path = api::path::EVIDENCE, tag = "vendors",
    params(("connector" = String, Path, description = "The connector's name")),
    responses(
        (status = 200, description = "The bundle", body = Evidence),
        (status = 403, description = "Not an admin, or not granted"),
    )
)]
pub(super) async fn read(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(connector): Path<String>,
) -> Result<Json<Evidence>, Problem> {
    front.admin(&peer)?;
    let name = front.visible(&peer, &connector)?;
    if front.policy().connector(&name).is_none() {
        return Err(Refusal::Connector.into());
    }
    Ok(Json(evidence::of(&front, &name).await))
}
