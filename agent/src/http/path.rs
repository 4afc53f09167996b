//! The variable part of a path. One that is no text gets problem details like everything else, not the library's words.

use api::Problem;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// What stands between the slashes, with its percent-encoding undone.
pub(super) struct Path<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::from_request_parts(parts, state).await;
        path.map(|axum::extract::Path(path)| Self(path)).map_err(|_| {
            Problem::input(
                "invalid-path",
                "The path cannot be read",
                "Percent-encode UTF-8, or better, use names.",
            )
        })
    }
}
