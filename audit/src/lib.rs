//! What the log answers: whom a key opened, how much was signed, what is exported, and the index that makes it quick.
//!
//! Everything here is computed over [`ledger::Reader`]s, of one log or of several hosts' at once. It writes no log, opens
//! no socket and asks no agent; it believes nothing that it did not hash. An intent counts as a signature unless a void
//! names it, and what of a log is damaged is said while the rest is answered. How it is built: docs/adr/0021.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod apart;
mod bundle;
mod csv;
mod exposure;
mod follow;
mod index;
mod intents;
mod line;
mod log;
mod merged;
mod query;
pub mod reconcile;
mod scan;
mod signed;
pub mod signins;
mod stats;
mod used;
mod voids;
mod words;

pub use apart::Apart;
pub use csv::csv;
pub use exposure::{Exposure, Key, MAX_ROWS, Opened, TooMany};
pub use follow::{Followed, Follower, Lost};
pub use index::{Index, NoIndex};
pub use intents::{Asked, intents};
pub use ledger::Damage;
pub use line::{BadLine, Caller, Line, Text};
pub use log::Log;
pub use merged::{Item, Merged, Stored};
pub use query::Query;
pub use scan::{Found, Hit, Reached, Scan};
pub use signed::Signed;
pub use stats::{Group, Stats};
pub use used::Used;
pub use voids::Voids;
