//! `GET /v1/log/tile/…`: the log in the C2SP tlog-tiles layout, for admins; auditors read the directory itself.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use ledger::{Reader, TilePath, WIDTH};

use crate::front::Front;
use crate::peer::Peer;
use crate::policy::Refusal;
use crate::problem::Problem;

/// Read a tile or an entry bundle (C2SP tlog-tiles).
#[utoipa::path(
    get, path = "/v1/log/tile/{path}", tag = "auditors",
    params(("path" = String, Path, description = "As C2SP writes it: 0/x001/234, entries/x001/234.p/5")),
    responses(
        (status = 200, description = "Hashes, or uint16-prefixed entries", content_type = "application/octet-stream"),
        (status = 403, description = "Not an admin", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "The log does not hold it", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn tile(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(path): Path<String>,
) -> Result<Response, Problem> {
    if !front.policy().is_admin(&peer) {
        return Err(Refusal::Admin.into());
    }
    let missing = || {
        Problem::missing("no-such-tile", "The log does not hold it", "Ask for what the log's size covers.")
    };
    let path: TilePath = path.parse().map_err(|_| missing())?;
    let full = matches!(path, TilePath::Tile { width: WIDTH, .. } | TilePath::Entries { width: WIDTH, .. });
    let directory = front.agent.state_dir.join("log");
    let read =
        tokio::task::spawn_blocking(move || Reader::open(&directory).and_then(|reader| reader.get(path)));
    let bytes = read.await.ok().and_then(Result::ok).ok_or_else(missing)?;
    let cache = if full { "max-age=31536000, immutable" } else { "no-cache" };
    Ok(([(CONTENT_TYPE, "application/octet-stream"), (CACHE_CONTROL, cache)], bytes).into_response())
}
