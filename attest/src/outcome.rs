//! The one way in for files of any kind: a bundle is answered key by key, all else as the evidence of one key.

use serde::Serialize;

use crate::bundle::{self, Bundle, BundleReport};
use crate::{Evidence, Malformed, Question, Report, verify};

/// The answer to what was asked. Its JSON is that of the report in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Outcome {
    /// Of one key.
    Key(Box<Report>),
    /// Of a bundle's keys.
    Bundle(BundleReport),
}

impl Outcome {
    /// Whether the answer is yes: all proven, and no finding of level error.
    pub fn is_yes(&self) -> bool {
        match self {
            Self::Key(report) => report.is_yes(),
            Self::Bundle(report) => report.is_yes(),
        }
    }
}

/// Judges evidence of any kind.
pub fn answer(evidence: &Evidence, question: &Question) -> Result<Outcome, Malformed> {
    match Bundle::alone(evidence) {
        Some(bundle) => Ok(Outcome::Bundle(bundle::verify(&bundle?, evidence, question)?)),
        None => Ok(Outcome::Key(Box::new(verify(evidence, question)))),
    }
}
