//! The answer in one word.

use std::fmt;

use serde::Serialize;

/// What the evidence is worth, from the best to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
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
    /// The worse of two: what cannot be read outweighs what disagrees, and that what is missing.
    pub fn worse(self, other: Self) -> Self {
        self.max(other)
    }

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
