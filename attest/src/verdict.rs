//! The answer in one word.

use std::fmt;

use serde::Serialize;

/// What the evidence is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The maker's signature holds, from the key up to an anchor.
    Proven,
    /// Well-formed, but no path to an anchor, or no attestation in it.
    Unattested,
    /// A signature, digest, name, extension or the expected key disagrees, or a root only looks like an anchor.
    Contradicted,
    /// It cannot be parsed.
    Malformed,
}

impl Verdict {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Unattested => "unattested",
            Self::Contradicted => "contradicted",
            Self::Malformed => "malformed",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
