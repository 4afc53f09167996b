//! What may be said of where a token's keys are: the only place that decides it (promise 8).
//!
//! *Attested* takes a maker's signature over the key, which this release does not verify, so nothing here says it.

use token::lane::TokenReport;

/// How much is known of a token's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// The module says that they are in hardware; only it says so.
    Asserted,
    /// A soft token: they can be copied.
    Software,
}

impl Grade {
    /// What a token's own report amounts to.
    pub fn of(token: &TokenReport) -> Self {
        if token.software { Self::Software } else { Self::Asserted }
    }

    /// The word that clients see.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asserted => "asserted",
            Self::Software => "software",
        }
    }
}

impl std::fmt::Display for Grade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
