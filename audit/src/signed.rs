//! What kind of message an intent says was signed.
//!
//! Only an assertion opens a tenant. What this version does not know is counted apart, and never left out.

use std::fmt;

use serde::Serialize;

/// A kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Signed {
    /// A client assertion: it opens its tenant for its client id.
    Assertion,
    /// A proof of possession for a Graph key roll: it can add a key to its application.
    Proof,
    /// A certificate of the key's own.
    Certificate,
    /// A certificate request.
    Request,
    /// A message of a later version.
    Other,
}

impl Signed {
    /// The kind that an intent names. One that names none is an assertion: it is the kind that must not be missed.
    pub fn of(message: Option<&str>) -> Self {
        match message {
            None | Some("assertion") => Self::Assertion,
            Some("proof") => Self::Proof,
            Some("certificate") => Self::Certificate,
            Some("request") => Self::Request,
            Some(_) => Self::Other,
        }
    }
}

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Assertion => "assertion",
            Self::Proof => "proof",
            Self::Certificate => "certificate",
            Self::Request => "request",
            Self::Other => "other",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_as_it_is_written_and_an_unknown_one_is_not_passed_over() {
        for kind in [Signed::Assertion, Signed::Proof, Signed::Certificate, Signed::Request] {
            assert_eq!(Signed::of(Some(&kind.to_string())), kind);
        }
        assert_eq!(Signed::of(None), Signed::Assertion);
        assert_eq!(Signed::of(Some("Assertion")), Signed::Other);
    }
}
