//! The answer to a bundle: a verdict and a grade, and both again for each key. Its JSON is an interface.

use serde::Serialize;
use std::fmt;

use crate::report::shown;
use crate::{Finding, Level, Report, Timestamp, Verdict};

/// How much is known of where a key is. The order is from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// A soft token has it: it can be copied.
    Software,
    /// The module says that it is in hardware; only it says so.
    Asserted,
    /// A signature of the maker's proves it.
    Attested,
}

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
    pub certificate_sha256: Option<crate::Digest>,
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

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Software => "software",
            Self::Asserted => "asserted",
            Self::Attested => "attested",
        })
    }
}
