//! The key agent: one binary, three kinds of process.
//!
//! The [`supervisor`] opens what the others may not, the [`front`] serves callers and is the ledger's only writer,
//! and a `token::host` for each token alone sees a vendor's module and the PIN. The way of one request is in
//! [`spine`]; its stages are types that only their own stage can build, so that an answer without a record does not
//! compile.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod checkpoints;
pub mod front;
pub mod http;
pub mod ipc;
pub mod keys;
pub mod records;
pub mod spine;
pub mod supervisor;
pub mod tokens;
