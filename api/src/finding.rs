//! A requirement that a key or a token fails.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A requirement that a key or a token fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// Stable, kebab-case; what an exception names.
    #[schema(format = "code")]
    pub code: String,
    /// What was found, and why it matters.
    pub reason: String,
    /// What to do about it.
    pub mend: String,
    /// Whether the configuration names it as an exception: then the key signs all the same.
    pub excepted: bool,
}
