//! What the log answers: whom a key opened, how much was signed, what is exported, and the index that makes it quick.
//!
//! Everything here is computed over [`ledger::Reader`]s, of one log or of several hosts' at once. It writes no log, opens
//! no socket and asks no agent; it believes nothing that it did not hash. An intent counts as a signature unless a void
//! names it, and what of a log is damaged is said while the rest is answered. How it is built: docs/adr/0020.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod line;
mod signed;

pub use line::{BadLine, Caller, Line, Text};
pub use signed::Signed;
