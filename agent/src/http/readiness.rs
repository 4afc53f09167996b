//! What stands in the way of a connector, as clients see it: `code` for programs, `detail` for people.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::readiness::{Reason, Weight};

/// Something that stands in a connector's way, or soon will.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReadinessReason {
    /// Stable, kebab-case.
    pub code: String,
    /// "blocks" (nothing is signed), "fails" (it signs, and no sign-in can succeed) or "notes".
    pub weight: Weight,
    /// What it is, and what to do.
    pub detail: String,
}

impl ReadinessReason {
    /// All of them, in their order.
    pub(crate) fn all<'a>(reasons: impl IntoIterator<Item = &'a Reason>) -> Vec<Self> {
        reasons.into_iter().map(Self::from).collect()
    }
}

impl From<&Reason> for ReadinessReason {
    fn from(reason: &Reason) -> Self {
        Self { code: reason.code().to_owned(), weight: reason.weight(), detail: reason.to_string() }
    }
}
