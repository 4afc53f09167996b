//! The one word for a key that a person may print: who vouches for where it was born.
//!
//! *Attested* takes a maker's signature that was verified, which is `verify`'s to say; the agent verifies none, and says one of
//! the other two.

use std::fmt;

use serde::Serialize;

/// Who vouches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// The device's maker, by a signature that was verified.
    Attested,
    /// The module that drives the device, and nobody else.
    Asserted,
    /// Nobody: the token is a program.
    Software,
}

impl Grade {
    /// Of a key for which no maker's signature was verified, on a token that is software by its [signs](crate::Signs), or not.
    pub fn unattested(software: bool) -> Self {
        if software { Self::Software } else { Self::Asserted }
    }

    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Attested => "attested",
            Self::Asserted => "asserted",
            Self::Software => "software",
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
