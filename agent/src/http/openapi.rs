//! `GET /v1/openapi.json`: the OpenAPI document, made from the routes themselves; docs/ holds a checked copy.

use std::sync::OnceLock;

use api::Problem;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use utoipa::OpenApi;
use utoipa::openapi::path::Operation;
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::{Components, Content, OpenApi as Document, PathItem, RefOr, Required, Schema};

use super::log;
use super::surface::Surface;
use super::{openapi_answers as answers, openapi_bounds as bounds};

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
    let mut document = whole(super::callers().into_openapi(), Surface::Agent);
    document.merge(whole(super::admins().into_openapi(), Surface::Admin));
    document
}

/// What is on one socket, with all that its operations have in common.
fn whole(mut document: Document, surface: Surface) -> Document {
    let parts = document.components.get_or_insert_default();
    parts.schemas.values_mut().for_each(bounds::bound);
    parts.schemas.get_mut("Provision").into_iter().for_each(bounds::bound_days);
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            operation.parameters.iter_mut().flatten().for_each(bounds::bound_parameter);
            operation.request_body.iter_mut().for_each(|body| ask_for(parts, body));
            answers::describe(operation, path, surface);
        }
    }
    document
}

/// A body that may be `{}` may be missing, which is the same.
fn ask_for(parts: &Components, body: &mut RefOr<RequestBody>) {
    let RefOr::T(body) = body else { return };
    let needs_members = |content: &RefOr<Content>| {
        let RefOr::T(Content { schema: Some(RefOr::Ref(name)), .. }) = content else { return true };
        let schema = name.ref_location.rsplit('/').next().and_then(|name| parts.schemas.get(name));
        !matches!(schema, Some(RefOr::T(Schema::Object(object))) if object.required.is_empty())
    };
    let required = body.content.values().any(needs_members);
    body.required = Some(if required { Required::True } else { Required::False });
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
