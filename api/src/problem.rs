//! What a client sees when it gets no answer: problem details (RFC 9457) with a stable `code`.
//!
//! Three classes: the caller's input (400 to 422), not allowed (403, 429), and ours (500, 503), which a client never sees in
//! detail. With the feature `axum`, a problem is a response of that server.

use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The media type of problem details.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// A refusal or failure, as the client sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `urn:kunci:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(format = "problem-type")]
    pub kind: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable, kebab-case; what programs should look at.
    #[schema(format = "problem-code")]
    pub code: String,
    /// What failed.
    pub title: String,
    /// What to do.
    pub detail: String,
    /// Seconds after which to try again; also in `Retry-After`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

impl Problem {
    /// A problem with a stable code: what failed, then what to do.
    pub fn new(status: StatusCode, code: &str, title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:kunci:problem:{code}"),
            status: status.as_u16(),
            code: code.into(),
            title: title.into(),
            detail: detail.into(),
            retry_after: None,
        }
    }

    /// The caller's input is wrong.
    pub fn input(code: &str, title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, title, detail)
    }

    /// The caller may not.
    pub fn forbidden(code: &str, title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, title, detail)
    }

    /// Nothing is there.
    pub fn missing(code: &str, title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, title, detail)
    }

    /// The state of things does not allow it now.
    pub fn conflict(code: &str, title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, title, detail)
    }

    /// We cannot now; the client may try again.
    pub fn unavailable(code: &str, title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { retry_after: Some(1), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, code, title, detail) }
    }

    /// The agent stops, and this cannot be waited for.
    pub fn stopping() -> Self {
        Self::unavailable("stopping", "The agent is stopping", "Try again; it carries on where it was.")
    }

    /// A fault of ours, which the log has in detail.
    pub fn internal(title: impl Into<String>) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            title,
            "Report it to the operator: the agent's log says why.",
        )
    }

    /// With a time after which to try again, in seconds.
    pub fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }
}

#[cfg(feature = "axum")]
impl axum_core::response::IntoResponse for Problem {
    /// The problem itself rides along among the extensions, for whoever logs.
    fn into_response(self) -> axum_core::response::Response {
        use http::{HeaderValue, header};
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}
