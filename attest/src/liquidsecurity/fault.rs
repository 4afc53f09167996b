//! Why a file is no statement: what its three readers (gzip, layout, attributes) can find wrong.

use crate::Curve;

/// The largest statement, in bytes; real ones have two to three thousand.
pub const MAX_STATEMENT_BYTES: usize = 16 * 1024;

/// Why a file that begins like a statement is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAStatement {
    /// Damaged, cut short, or with something after it.
    #[error("its gzip is damaged, or not one statement")]
    Gzip,
    /// More than a statement has.
    #[error("it has more than {MAX_STATEMENT_BYTES} bytes")]
    TooLarge,
    /// A part of it is cut short, or does not fit the others.
    #[error("its {0} is not that of firmware 3")]
    Layout(&'static str),
    /// An attribute is missing, twice there, or not what it should be.
    #[error("attribute {0:#x} is missing or not what it should be")]
    Attribute(u32),
    /// The public key has no private key.
    #[error("its public key is no point on the curve {0}")]
    OffCurve(Curve),
}
