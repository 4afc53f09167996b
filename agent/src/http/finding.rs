//! A failed requirement as clients see it.

use hsm_config::Flaw;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::posture::Posture;

/// A requirement that a key or a token fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// Stable, kebab-case; what an exception names.
    pub code: String,
    /// What was found, and why it matters.
    pub reason: String,
    /// What to do about it.
    pub mend: String,
    /// Whether the configuration names it as an exception: then the key signs all the same.
    pub excepted: bool,
}

impl Finding {
    /// All of a posture's, those that stop a key first.
    pub fn all(posture: &Posture) -> Vec<Self> {
        let failed = posture.failed.iter().map(|flaw| Self::new(*flaw, false));
        failed.chain(posture.excused.iter().map(|flaw| Self::new(*flaw, true))).collect()
    }

    fn new(flaw: Flaw, excepted: bool) -> Self {
        Self { code: flaw.code().into(), reason: flaw.reason().into(), mend: flaw.mend().into(), excepted }
    }
}
