//! A witness of transparency logs (C2SP tlog-witness v1.0.0): it signs that a log only grew, and never two histories of one.
//!
//! [`Witness::judge`] is a pure function of a request's bytes, what is kept of the log, and the time. [`Store`] keeps one
//! checkpoint for each log, durable before its cosignature is shown to anybody. [`serve`] is a thin shell around both:
//! HTTP with bounded bodies, connections and times. What a log's entries say is no business of a witness's.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod judge;
mod key;
mod logs;
mod server;
mod store;

pub use judge::{Refusal, Submission, Witness};
pub use key::{BadKey, Key, MAX_KEY_BYTES};
pub use logs::{BadLogs, Log, Logs, MAX_LOGS_BYTES};
pub use server::{Event, MAX_CONNECTIONS, serve};
pub use store::{Kept, Store, StoreError};
