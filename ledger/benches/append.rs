//! Group commit: one writer alone, and sixteen at once. Run with TMPDIR on a real disk.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]
fn main() {}
