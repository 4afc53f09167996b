//! The only things a key of Kunci ever signs.
//!
//! Each message is a set of typed fields. Front and host compose the bytes to sign from them separately, with this
//! one code, so a front that lies about the bytes changes nothing, and no digest of a caller's is ever signed.

mod assertion;
mod certificate;
mod checkpoint;
mod composed;
mod dated;
mod jose;
mod probe;
mod proof;
mod request;
mod thumbprint;
mod x509;

use hsm_config::Algorithm;
use serde::{Deserialize, Serialize};

pub use assertion::Assertion;
pub use certificate::{BACKDATE_S, Certificate, MAX_VALIDITY_DAYS};
pub use checkpoint::{Checkpoint, TreeHead, algorithm as checkpoint_algorithm};
pub use composed::Composed;
pub use dated::{MAX_SKEW_S, Now};
pub use probe::{PROBE_TEXT, Probe};
pub use proof::{PROOF_AUDIENCE, Proof};
pub use request::Request;
pub use thumbprint::Thumbprint;

use crate::PublicKey;

/// The longest lifetime of an assertion or a proof, in seconds (Entra takes ten minutes).
pub const MAX_LIFETIME_S: i64 = 600;
/// The longest text field of a message, in bytes.
pub const MAX_TEXT: usize = 2048;

/// A connector's message in typed fields, as the lanes carry it. A [`Checkpoint`] is none: the ledger's key signs those, and
/// nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// A client assertion (RFC 7523).
    Assertion(Assertion),
    /// A Graph key-roll proof.
    Proof(Proof),
    /// A self-signed certificate (RFC 5280).
    Certificate(Certificate),
    /// A certificate request (RFC 2986).
    Request(Request),
    /// Fixed text and random bytes; its signature never leaves the host.
    Probe(Probe),
}

/// A message that breaks its own bounds or cannot be composed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MessageError {
    /// The times are out of order or too far apart.
    #[error("the lifetime is not between 1 s and 10 min")]
    Lifetime,
    /// A certificate's dates are out of order, too far apart, or in years that none can hold.
    #[error("the validity is not between 1 s and five years")]
    Validity,
    /// The host's clock is far from the message's date, both in seconds since 1970.
    #[error("the message is dated {date}, and the clock says {now}")]
    Untimely {
        /// The message's.
        date: i64,
        /// The clock's.
        now: i64,
    },
    /// A text field is empty or too long.
    #[error("the field {0} is empty or too long")]
    Text(&'static str),
    /// The signature is not of the algorithm's form.
    #[error("the signature is not of the algorithm's form")]
    Signature,
    /// A checkpoint that does not go on from the last one, or that this key cannot sign.
    #[error("the checkpoint is not one to sign: {0}")]
    Checkpoint(&'static str),
    /// The certificate or request could not be encoded.
    #[error("the {0} could not be encoded")]
    Encode(&'static str),
}

impl Message {
    /// What the ledger calls this kind of message.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Assertion(_) => "assertion",
            Self::Proof(_) => "proof",
            Self::Certificate(_) => "certificate",
            Self::Request(_) => "request",
            Self::Probe(_) => "probe",
        }
    }

    /// The algorithm that this message is signed with by a key whose assertions use `configured`: certificates and
    /// requests by RSA keys are RS256, since rcgen makes no PSS certificates and none are needed.
    pub fn algorithm(&self, configured: Algorithm) -> Algorithm {
        match (self, configured) {
            (Self::Certificate(_) | Self::Request(_), Algorithm::PS256) => Algorithm::RS256,
            _ => configured,
        }
    }

    /// The bytes to sign, after the message's own bounds were checked.
    pub fn signing_input(&self, configured: Algorithm, key: &PublicKey) -> Result<Vec<u8>, MessageError> {
        match self {
            Self::Assertion(assertion) => assertion.signing_input(configured),
            Self::Proof(proof) => proof.signing_input(configured),
            Self::Certificate(certificate) => certificate.signing_input(key),
            Self::Request(request) => request.signing_input(key),
            Self::Probe(probe) => Ok(probe.signing_input()),
        }
    }
}

fn text(name: &'static str, value: &str) -> Result<(), MessageError> {
    if value.is_empty() || value.len() > MAX_TEXT { Err(MessageError::Text(name)) } else { Ok(()) }
}

fn lifetime(from: i64, until: i64) -> Result<(), MessageError> {
    match until.checked_sub(from) {
        Some(1..=MAX_LIFETIME_S) => Ok(()),
        _ => Err(MessageError::Lifetime),
    }
}
