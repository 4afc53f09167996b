//! The evidence bundle: what an agent hands in about a connector's keys, judged key by key.
//!
//! Nothing in it is believed. A maker's statement in it is judged like any other; what only the module says makes a key
//! *asserted*; that a token is software is taken as said, since nobody gains by it. What disagrees contradicts.

mod format;
mod judge;
mod report;

pub use format::{BUNDLE, Bundle};
pub(crate) use format::{MAX_CHAIN, MAX_ENTRIES, MAX_KEYS};
pub use judge::verify;
pub use report::{BundleReport, KeyReport};
