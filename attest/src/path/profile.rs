//! What a kind of evidence demands of a path beyond RFC 5280, and what it tolerates.

use x509_cert::spki::ObjectIdentifier;

use super::{Broken, Deviation, Path};
use crate::Certificate;

/// A kind's own rules.
pub trait Profile {
    /// Whether a deviation is one that real devices have at this place. `at` counts from the leaf, which is 0; `above` is
    /// the certificate that deviates.
    fn tolerates(&self, deviation: &Deviation, at: usize, above: &Certificate) -> bool;

    /// Whether the kind understands a critical extension that the rules themselves do not.
    fn understands(&self, extension: ObjectIdentifier) -> bool;

    /// Whether a path that is valid otherwise is one of the kind's.
    fn accepts(&self, path: &Path<'_>) -> Result<(), Broken>;
}

/// RFC 5280 and nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Strict;

impl Profile for Strict {
    fn tolerates(&self, _: &Deviation, _: usize, _: &Certificate) -> bool {
        false
    }

    fn understands(&self, _: ObjectIdentifier) -> bool {
        false
    }

    fn accepts(&self, _: &Path<'_>) -> Result<(), Broken> {
        Ok(())
    }
}
