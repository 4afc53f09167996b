//! What a request was answered with, as its client sees it.

use std::sync::Arc;

use api::Problem;
use axum::body::to_bytes;
use axum::http::header::RETRY_AFTER;
use axum::response::Response;
use serde_json::Value;

use crate::spine::in_flight::InFlight;

/// The longest answer, in bytes.
const MAX_BODY: usize = 64 * 1024;

/// An answer; its flight is aloft as long as this lives.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) status: u16,
    pub(super) retry_after: Option<u32>,
    pub(super) body: Value,
    pub(super) in_flight: Option<Arc<InFlight>>,
}

impl Told {
    pub(super) async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let after = parts.headers.get(RETRY_AFTER).map(|after| after.to_str().unwrap().parse().unwrap());
        let body = to_bytes(body, MAX_BODY).await.unwrap();
        Self {
            status: parts.status.as_u16(),
            retry_after: after,
            body: serde_json::from_slice(&body).unwrap(),
            in_flight: parts.extensions.get::<Arc<InFlight>>().cloned(),
        }
    }

    /// Wants it refused with this status and code: nothing left, and `Retry-After` is where the code has it.
    #[track_caller]
    pub(super) fn refused(&self, status: u16, code: &str) -> Problem {
        let problem: Problem = serde_json::from_value(self.body.clone())
            .unwrap_or_else(|error| panic!("no problem ({error}) but {self:?}"));
        assert_eq!((self.status, problem.status, &*problem.code), (status, status, code), "{problem:?}");
        assert_eq!(self.retry_after, problem.retry_after);
        assert!(self.in_flight.is_none());
        problem
    }

    /// Wants it answered, and gives what left: an assertion or a proof.
    #[track_caller]
    pub(super) fn released(&self) -> &str {
        assert_eq!(self.status, 200, "{self:?}");
        let left = self.body.get("assertion").or(self.body.get("proof"));
        left.and_then(Value::as_str).unwrap_or_else(|| panic!("nothing left: {self:?}"))
    }

    /// The index of its intent.
    #[track_caller]
    pub(super) fn log_index(&self) -> u64 {
        self.body["log_index"].as_u64().unwrap()
    }
}
