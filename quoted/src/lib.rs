//! Words of others in print: what a token, a caller, a file or a server says of itself.
//!
//! A label that held a line break could print a line of ours, and a page would say what nobody found. So such a word is
//! [`Quoted`] wherever it is put into a text, and whoever prints makes [`one_line`] of what should be one. This is the
//! only place that knows which characters can do harm.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod line;
mod word;

pub use line::one_line;
pub use word::{MOST, Plain, Quoted};
