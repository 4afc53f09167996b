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
mod door;
mod evidence;
mod finding;
mod health;
mod limits;
mod linger;
mod log;
mod openapi;
mod overflow;
mod path;
mod proofs;
mod provision;
mod readiness;
mod server;
mod silence;
mod stream;
mod tokens;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

pub use admin::{Frozen, Reason};
pub use assertions::Assertion;
pub use body::MAX_ADMIN_BODY;
pub use certificate::{Certificate, Install};
pub use check::{Checked, CheckedKey};
pub use connectors::{Connector, KeyStanding};
pub use door::{Door, longest_drain};
pub use evidence::{Evidence, EvidenceDevice, EvidenceEntry, EvidenceKey, FORMAT as EVIDENCE};
pub use finding::Finding;
pub use health::{Health, HealthReason};
pub use openapi::document;
pub use proofs::{Proof, ProofRequest};
pub use provision::{Provision, Provisioned};
pub use readiness::ReadinessReason;
pub use server::serve;
pub use tokens::TokenStatus;

use crate::front::Front;
use crate::problem::Problem;

/// Which socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// agent.sock
    Agent,
    /// admin.sock
    Admin,
}

fn router(front: Arc<Front>, surface: Surface) -> Router {
    let callers = Router::new()
        .route("/v1/connectors", get(connectors::list))
        .route("/v1/connectors/{connector}", get(connectors::one))
        .route("/v1/connectors/{connector}/assertions", post(assertions::create))
        .route("/v1/connectors/{connector}/certificate", get(certificate::read))
        .route("/v1/log/tile/{*path}", get(log::tile))
        .route("/v1/health", get(health::read))
        .route("/v1/openapi.json", get(openapi::read));
    let admins = Router::new()
        .route("/v1/connectors/{connector}/certificate", axum::routing::put(certificate::install))
        .route("/v1/connectors/{connector}/provision", post(provision::create))
        .route("/v1/connectors/{connector}/proofs", post(proofs::create))
        .route("/v1/connectors/{connector}/evidence", get(evidence::read))
        .route("/v1/connectors/{connector}/freeze", post(admin::freeze))
        .route("/v1/connectors/{connector}/thaw", post(admin::thaw))
        .route("/v1/tokens", get(tokens::list))
        .route("/v1/tokens/{token}/check", post(check::check))
        .route("/v1/tokens/{token}/init", post(tokens::init))
        .route("/v1/tokens/{token}/unlatch", post(tokens::unlatch))
        .route("/v1/reload", post(admin::reload));
    let routes = if surface == Surface::Admin { callers.merge(admins) } else { callers };
    routes
        .fallback(async || {
            Problem::missing("no-such-path", "No such path", "GET /v1/openapi.json lists the paths.")
        })
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(front)
}

async fn method_not_allowed() -> Problem {
    let status = axum::http::StatusCode::METHOD_NOT_ALLOWED;
    Problem::new(status, "method-not-allowed", "Not this method", "GET /v1/openapi.json lists the methods.")
}
