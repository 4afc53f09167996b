//! What stands in a connector's way, or soon will.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How much a reason weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// Somebody should see to it in time.
    Notes,
    /// It signs, and no sign-in can succeed.
    Fails,
    /// Nothing is signed.
    Blocks,
}

/// Something that stands in a connector's way, or soon will.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadinessReason {
    /// Stable, kebab-case.
    #[schema(format = "code")]
    pub code: String,
    /// "blocks" (nothing is signed), "fails" (it signs, and no sign-in can succeed) or "notes".
    pub weight: Weight,
    /// What it is, and what to do.
    pub detail: String,
}
