//! `GET /v1/openapi.json`: the OpenAPI document, made from the handlers; docs/ holds a checked copy.

use std::sync::OnceLock;

use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;

use super::{
    admin, assertions, certificate, check, connectors, evidence, health, log, proofs, provision, tokens,
};
use crate::problem::Problem;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Kunci agent",
        description = "Signed client assertions by keys that never leave their token. HTTP/1.1 on two unix sockets: \
            services and auditors use agent.sock, vendors use admin.sock, which has all paths. Errors are problem \
            details (RFC 9457) with a stable `code`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        assertions::create,
        connectors::list,
        connectors::one,
        certificate::read,
        health::read,
        log::tile,
        read,
        certificate::install,
        evidence::read,
        provision::create,
        proofs::create,
        admin::freeze,
        admin::thaw,
        admin::reload,
        tokens::list,
        check::check,
        tokens::init,
        tokens::unlatch,
    )
)]
struct Api;

/// The document.
pub fn document() -> Document {
    Api::openapi()
}

/// Read this document.
#[utoipa::path(get, path = "/v1/openapi.json", tag = "services", responses((status = 200, description = "OpenAPI 3.1")))]
pub(super) async fn read() -> Result<impl IntoResponse, Problem> {
    // Made once: it never changes, and anybody may ask for it.
    static BYTES: OnceLock<Option<Bytes>> = OnceLock::new();
    let bytes = BYTES.get_or_init(|| document().to_json().ok().map(Bytes::from)).clone();
    let broken = || Problem::unavailable("internal", "The document cannot be written", "Report it.");
    Ok(([(CONTENT_TYPE, "application/json")], bytes.ok_or_else(broken)?))
}
