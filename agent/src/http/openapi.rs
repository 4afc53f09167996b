//! `GET /v1/openapi.json`: the OpenAPI document, made from the routes themselves; docs/ holds a checked copy.

use std::sync::OnceLock;

use api::{PROBLEM_JSON, Problem};
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Content, OpenApi as Document, PathItem, Ref, RefOr};
use utoipa::{OpenApi, ToSchema};

use super::log;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Kunci agent",
        description = "Signed client assertions by keys that never leave their token. HTTP/1.1 on two unix sockets: \
            services and auditors use agent.sock, vendors use admin.sock, which has all paths. Errors are problem \
            details (RFC 9457) with a stable `code`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(log::tile),
    components(schemas(Problem))
)]
struct Head;

/// What stands in the document before any route does.
pub(super) fn head() -> Document {
    Head::openapi()
}

/// The document: of admin.sock, which has all paths.
pub fn document() -> Document {
    let mut document = super::callers().merge(super::admins()).split_for_parts().1;
    document.paths.paths.values_mut().flat_map(operations).for_each(with_problems);
    document
}

/// Every answer that is no success has problem details.
fn with_problems(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && (status.starts_with('4') || status.starts_with('5'))
        {
            let content = Content::new(Some(Ref::from_schema_name(Problem::name())));
            response.content.insert(PROBLEM_JSON.to_owned(), content.into());
        }
    }
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut path.get, &mut path.post, &mut path.put].into_iter().flatten()
}

/// Read this document.
#[utoipa::path(get, path = api::path::OPENAPI, tag = "services", responses((status = 200, description = "OpenAPI 3.1")))]
pub(super) async fn read() -> Result<impl IntoResponse, Problem> {
    // Made once: it never changes, and anybody may ask for it.
    static BYTES: OnceLock<Option<Bytes>> = OnceLock::new();
    let bytes = BYTES.get_or_init(|| document().to_json().ok().map(Bytes::from)).clone();
    let broken = || Problem::unavailable("internal", "The document cannot be written", "Report it.");
    Ok(([(CONTENT_TYPE, "application/json")], bytes.ok_or_else(broken)?))
}
