//! What is asked of the evidence, and the only clock there is.

use jiff::Timestamp;

use crate::item::{Item, Malformed, parse};
use crate::tpm::Answer;
use crate::{Anchor, PublicKey, Requirement};

/// A question.
#[derive(Clone, Debug)]
pub struct Question {
    /// The time at which the chain must hold.
    pub at: Timestamp,
    /// Anchors for this question alone.
    pub roots: Vec<Anchor>,
    /// The key that the evidence must be about.
    pub key: Option<PublicKey>,
    /// The serial number that the device must have.
    pub serial: Option<String>,
    /// What the evidence must say besides.
    pub requirements: Vec<Requirement>,
    /// The auditor's own halves of challenges to TPMs, in any order: each is tried where it fits.
    pub answers: Vec<Answer>,
}

impl Question {
    /// Whether it holds at this time, and no more.
    pub fn at(at: Timestamp) -> Self {
        Self { at, roots: Vec::new(), key: None, serial: None, requirements: Vec::new(), answers: Vec::new() }
    }
}

/// The key in a file: a public key, or that of a certificate or request.
pub fn key(bytes: &[u8]) -> Result<PublicKey, Malformed> {
    match <[Item; 1]>::try_from(parse(bytes)?) {
        Ok([Item::Key(key)]) => Ok(key),
        Ok([Item::Certificate(certificate)]) => Ok(certificate.key().clone()),
        Ok([Item::Request(request)]) => Ok(request.key().clone()),
        _ => Err(Malformed::Unreadable("one public key, certificate or request is expected here".to_owned())),
    }
}
