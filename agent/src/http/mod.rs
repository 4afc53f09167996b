//! The HTTP surface: HTTP/1.1 and JSON on two sockets, errors as problem details (RFC 9457).
//!
//! Callers use agent.sock, admins use admin.sock, which has all of the former's paths too. Who may do what is decided
//! from the peer's credentials on both; the socket itself grants nothing.

mod admin;
mod assertions;
mod body;
mod certificate;
mod check;
mod connectors;
mod evidence;
mod health;
mod ledger_key;
mod limits;
mod linger;
mod log;
mod openapi;
mod openapi_answers;
mod openapi_bounds;
mod overflow;
mod path;
mod proofs;
mod provision;
mod server;
mod silence;
mod stream;
mod surface;
mod tokens;
mod whoami;

use std::sync::Arc;

use api::Problem;
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub use openapi::document;
pub use server::serve;
pub use surface::Surface;

use crate::front::Front;

/// What callers may ask for. The document of the surface is made from these very routes.
fn callers() -> OpenApiRouter<Arc<Front>> {
    OpenApiRouter::with_openapi(openapi::head())
        .routes(routes!(connectors::list))
        .routes(routes!(connectors::one))
        .routes(routes!(assertions::create))
        .routes(routes!(certificate::read))
        .routes(routes!(health::read))
        .routes(routes!(whoami::read))
        .routes(routes!(log::checkpoint))
        .routes(routes!(openapi::read))
        // OpenAPI has no word for a parameter with slashes in it, so that this one stands in the document's head, too.
        .route(&api::path::TILE.replace("{path}", "{*path}"), get(log::tile))
}

/// What admins may ask for besides.
fn admins() -> OpenApiRouter<Arc<Front>> {
    OpenApiRouter::new()
        .routes(routes!(certificate::install))
        .routes(routes!(provision::create))
        .routes(routes!(ledger_key::create))
        .routes(routes!(proofs::create))
        .routes(routes!(evidence::read))
        .routes(routes!(admin::freeze))
        .routes(routes!(admin::thaw))
        .routes(routes!(admin::reload))
        .routes(routes!(tokens::list))
        .routes(routes!(check::check))
        .routes(routes!(tokens::init))
        .routes(routes!(tokens::unlatch))
}

/// What is answered on a socket.
pub(crate) fn router(front: Arc<Front>, surface: Surface) -> Router {
    let routes = if surface == Surface::Admin { callers().merge(admins()) } else { callers() };
    let (routes, _) = routes.split_for_parts();
    routes
        .fallback(async || {
            Problem::missing("no-such-path", "No such path", "GET /v1/openapi.json lists the paths.")
        })
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(front)
}

async fn method_not_allowed() -> Problem {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    Problem::new(status, "method-not-allowed", "Not this method", "GET /v1/openapi.json lists the methods.")
}
