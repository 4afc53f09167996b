//! What may come in place of a success, whatever is asked for: refusals of the connection, the head, the path and the body.
//!
//! A handler's own description says what is special to it, and stays.

use api::{MAX_ADMIN_BODY, MAX_BODY, PROBLEM_JSON, Problem};
use utoipa::ToSchema;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};

use crate::http::surface::Surface;

/// The status of a head that is too long, or of too many fields: nothing was read, so that it comes without problem details.
const HEAD_TOO_LARGE: &str = "431";
/// With these, `Retry-After` may say when to come back.
const LATER: [&str; 2] = ["429", "503"];

/// Adds what may come besides to what the operation says itself.
pub(super) fn describe(operation: &mut Operation, path: &str, surface: Surface) {
    for (status, cause) in besides(operation, path, surface) {
        let all = &mut operation.responses.responses;
        all.entry(status.to_owned()).or_insert_with(|| ResponseBuilder::new().description(cause).into());
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
            && status != HEAD_TOO_LARGE
        {
            with_problem(status, response);
        }
    }
}

/// The status and cause of each answer that an operation of this kind may have.
fn besides(operation: &Operation, path: &str, surface: Surface) -> Vec<(&'static str, String)> {
    let mut answers = vec![
        ("400", "Path or body are not well-formed; a head that is none gets no problem details".into()),
        ("403", "Not granted, or the peer is one that the agent does not answer".into()),
        ("405", "The path has no such method; `Allow` lists those that it has".into()),
        ("429", "The peer's user has too many connections".into()),
        (HEAD_TOO_LARGE, "The head is too long or of too many fields; no problem details".into()),
        ("500", "A fault of the agent's or of the token".into()),
        ("503", "Not now: connections, token, ledger or clock, or the agent is stopping".into()),
    ];
    if surface == Surface::Admin || path.contains('{') {
        answers.push(("404", "There is no such path on this socket, or nothing of this name".into()));
    }
    if operation.request_body.is_some() {
        let most = if surface == Surface::Admin { MAX_ADMIN_BODY } else { MAX_BODY };
        answers.push(("408", "The body did not arrive in time".into()));
        answers.push(("413", format!("The body is over {most} bytes")));
    }
    answers
}

/// Every answer that is no success has problem details.
fn with_problem(status: &str, response: &mut Response) {
    let content = Content::new(Some(Ref::from_schema_name(Problem::name())));
    response.content.insert(PROBLEM_JSON.to_owned(), content.into());
    if LATER.contains(&status) {
        let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
        let header = HeaderBuilder::new()
            .schema(Some(seconds))
            .description(Some("Seconds until it may be tried again"));
        response.headers.insert("Retry-After".to_owned(), header.build().into());
    }
}
