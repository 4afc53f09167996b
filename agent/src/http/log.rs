//! The log in the C2SP tlog-tiles layout: `GET /v1/log/checkpoint` for anybody, hashes for admins, and entries, which name
//! customers, for `audit` alone. Who may read the directory itself needs none of this.

use std::sync::Arc;

use api::Problem;
use axum::Extension;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use hsm_config::Verb;
use ledger::{TilePath, WIDTH};

use super::path::Path;
use crate::front::Front;
use crate::ipc::peer::Peer;

/// Read a tile or an entry bundle (C2SP tlog-tiles).
#[utoipa::path(
    get, path = api::path::TILE, tag = "auditors",
    params(("path" = String, Path, description = "As C2SP writes it: 0/x001/234, entries/x001/234.p/5")),
    responses(
        (status = 200, description = "Hashes, or uint16-prefixed entries", content_type = "application/octet-stream"),
        (status = 403, description = "Not an admin; of entries, without the verb `audit`"),
        (status = 404, description = "The log does not hold it"),
    )
)]
pub(super) async fn tile(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(path): Path<String>,
) -> Result<Response, Problem> {
    let missing = || {
        Problem::missing("no-such-tile", "The log does not hold it", "Ask for what the log's size covers.")
    };
    let path = path.parse().map_err(|_| missing());
    match path {
        Ok(TilePath::Entries { .. }) => drop(front.admin_grant(&peer, Verb::Audit)?),
        _ => front.admin(&peer)?,
    }
    let path: TilePath = path?;
    // What is not durable yet is not served: a crash may still take it back.
    let (end, full) = extent(path);
    if end.is_none_or(|end| end > u128::from(front.journal.size())) {
        return Err(missing());
    }
    let read = tokio::task::spawn_blocking(move || front.journal.reader()?.get(path));
    let bytes = read.await.ok().and_then(Result::ok).ok_or_else(missing)?;
    let cache = if full { "max-age=31536000, immutable" } else { "no-cache" };
    Ok(([(CONTENT_TYPE, "application/octet-stream"), (CACHE_CONTROL, cache)], bytes).into_response())
}

/// Read the log's last signed checkpoint (C2SP tlog-checkpoint). It names no customer, and is for anybody.
#[utoipa::path(
    get, path = api::path::CHECKPOINT, tag = "auditors",
    responses(
        (status = 200, description = "A signed note", content_type = "text/plain; charset=utf-8"),
        (status = 404, description = "None was signed yet"),
    )
)]
pub(super) async fn checkpoint(State(front): State<Arc<Front>>) -> Result<Response, Problem> {
    let missing = || {
        let detail =
            "The operator makes the log's key by `kunci log init-key`; checkpoints follow by themselves.";
        Problem::missing("no-checkpoint", "No checkpoint was signed yet", detail)
    };
    let shown = front.checkpoints.shown().ok_or_else(missing)?;
    let headers = [(CONTENT_TYPE, "text/plain; charset=utf-8"), (CACHE_CONTROL, "no-cache")];
    Ok((headers, shown.note).into_response())
}

/// How many entries a tile covers from the log's beginning, and whether it is full.
fn extent(path: TilePath) -> (Option<u128>, bool) {
    let (level, n, width) = match path {
        TilePath::Entries { n, width } => (0, n, width),
        TilePath::Tile { level, n, width } => (u32::from(level), n, width),
    };
    let below = u128::from(n) * u128::from(WIDTH) + u128::from(width);
    (below.checked_mul(u128::from(WIDTH).pow(level)), width == WIDTH)
}
