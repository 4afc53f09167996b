//! The index: which entries of a stretch name a jti or a tenant, which are voids, and when its bundles were written.
//!
//! It is derived and never believed. A stretch's segment is a file named by the stretch's root; it is asked for by the root
//! that the log's own tiles have, and what it names is read and hashed again. Entries of a stretch without one are all
//! read. Segments never change: a file is whole under its name, or it is not there. Why: docs/adr/0021.

mod build;
mod folder;
mod head;
mod prepare;
mod segment;
mod term;

pub(crate) use build::build;
pub use folder::{Index, NoIndex};
pub(crate) use head::Spot;
pub(crate) use segment::Segment;
pub(crate) use term::Term;

#[cfg(test)]
mod tests;
