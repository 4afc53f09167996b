//! Where chains of real devices stray from RFC 5280, each by name. A profile says which it tolerates, and where.

use crate::{Finding, Named};

/// A deviation that was tolerated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deviation {
    /// An issuer has no basicConstraints at all (section 4.2.1.9).
    NoBasicConstraints(String),
    /// One more CA below the anchor than its path length allows (section 4.2.1.9). The pin stands in for it.
    AnchorPathLength(String),
    /// An RSA algorithm identifier without its NULL (RFC 4055 section 5).
    RsaWithoutNull(String),
    /// An ECDSA algorithm identifier with a NULL (RFC 5758 section 3.2 forbids it).
    EcdsaWithNull(String),
}

impl Deviation {
    /// What the report says of it.
    pub fn finding(&self) -> Finding {
        match self {
            Self::NoBasicConstraints(name) => Finding::info(
                "deviation-no-basic-constraints",
                format!(
                    "{} issued the key's certificate without saying that it is a CA, as early devices do.",
                    Named(name)
                ),
            ),
            Self::AnchorPathLength(name) => Finding::info(
                "deviation-anchor-path-length",
                format!(
                    "{} allows no CA below it, and early devices have one: the device itself.",
                    Named(name)
                ),
            ),
            Self::RsaWithoutNull(name) => Finding::info(
                "deviation-rsa-without-null",
                format!(
                    "{} names its RSA algorithm without the NULL that the standard demands.",
                    Named(name)
                ),
            ),
            Self::EcdsaWithNull(name) => Finding::info(
                "deviation-ecdsa-with-null",
                format!("{} names its ECDSA algorithm with a NULL that the standard forbids.", Named(name)),
            ),
        }
    }
}
