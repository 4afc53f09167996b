//! A request's body: bounded in size and time, then parsed as JSON.

use std::time::Duration;

use api::{MAX_ADMIN_BODY, MAX_BODY, Problem};
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::spine::object;

/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// The bytes of a caller's body.
pub(super) struct Small(pub(super) Bytes);

/// An admin's body, parsed; an empty one is `{}`.
pub(super) struct Json<T>(pub(super) T);

async fn collect(body: Body, limit: usize) -> Result<Bytes, Problem> {
    let collected = timeout(BODY_TIMEOUT, Limited::new(body, limit).collect()).await.map_err(|_| {
        let detail = format!("The whole body has to arrive within {} s.", BODY_TIMEOUT.as_secs());
        Problem::new(StatusCode::REQUEST_TIMEOUT, "body-timeout", "The body did not arrive in time", detail)
    })?;
    match collected {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            let detail = format!("Send at most {limit} bytes.");
            Err(Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body-too-large",
                "The body is too large",
                detail,
            ))
        }
        Err(_) => {
            Err(Problem::input("invalid-body", "The body cannot be read", "Send what Content-Length says."))
        }
    }
}

impl<S: Sync> FromRequest<S> for Small {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        collect(request.into_body(), MAX_BODY).await.map(Self)
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        let body = collect(request.into_body(), MAX_ADMIN_BODY).await?;
        let text: &[u8] = if body.is_empty() { b"{}" } else { &body };
        object::parse(text)
            .map(Self)
            .map_err(|error| Problem::input("invalid-body", "The body is not well-formed", error.to_string()))
    }
}
