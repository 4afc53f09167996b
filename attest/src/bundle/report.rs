//! The answer to a bundle: a verdict and a grade, and both again for each key. Its JSON is an interface.

use serde::Serialize;

use crate::report::shown;
use crate::{Finding, Grade, Level, Report, Timestamp, Verdict};

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BundleReport {
    /// The worst of the keys' verdicts.
    pub verdict: Verdict,
    /// The lowest of the keys' grades; absent where there is no key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grade: Option<Grade>,
    /// Whose keys the bundle says they are.
    pub connector: String,
    /// The time at which the chains were asked to hold.
    #[serde(serialize_with = "shown")]
    pub at: Timestamp,
    /// Each key.
    pub keys: Vec<KeyReport>,
    /// What concerns the bundle and no key.
    pub findings: Vec<Finding>,
}

/// The answer for one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyReport {
    /// The token that the bundle says it is on.
    pub token: String,
    /// How much is known of where it is.
    pub grade: Grade,
    /// SHA-256 of the certificate that customers have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_sha256: Option<crate::Sha256>,
    /// The same as for evidence of one key.
    #[serde(flatten)]
    pub report: Report,
}

impl BundleReport {
    /// Whether the answer is yes: every key proven, and no finding of level error.
    pub fn is_yes(&self) -> bool {
        let quiet = self.findings.iter().all(|finding| finding.level != Level::Error);
        self.verdict == Verdict::Proven && quiet && self.keys.iter().all(|key| key.report.is_yes())
    }
}
