//! The key agent: one binary, three kinds of process.
//!
//! The [`supervisor`] opens what the others may not, the [`front`] serves callers and is the ledger's only writer,
//! and a `token::host` for each token alone sees a vendor's module and the PIN. The way of one request is in
//! [`spine`]; its stages are types that only their own stage can build, so that an answer without a record does not
//! compile.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod answer;
mod certificates;
pub mod clock;
pub mod connectors;
pub mod control;
mod door;
pub mod draft;
mod evidence;
pub mod flight;
pub mod front;
pub mod http;
pub mod journal;
pub mod lifecycle;
pub mod link;
pub mod messages;
pub mod object;
pub mod peer;
mod places;
pub mod policy;
pub mod posture;
pub mod provision;
pub mod rate;
pub mod readiness;
pub mod recorded;
pub mod refusals;
pub mod request;
pub mod route;
pub mod signed;
pub mod sockets;
pub mod spine;
pub mod supervisor;
pub mod tokens;
mod walk;
