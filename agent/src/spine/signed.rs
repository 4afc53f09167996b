//! A signature that was verified against the pinned key. A token's word is not taken for it: a module may sign with
//! another key, return garbage or flip a bit, and none of that may leave.
//!
//! Verification is the only way to a [`Signed`]:
//! ```
//! # use agent::spine::{draft::Draft, signed::{Signed, WrongSignature}};
//! fn stage(draft: Draft, signature: Vec<u8>) -> Result<Signed, WrongSignature> {
//!     Signed::verify(draft, signature)
//! }
//! ```
//! and without it there is none:
//! ```compile_fail,E0451
//! # use agent::spine::{draft::Draft, signed::{Signed, WrongSignature}};
//! fn stage(draft: Draft, signature: Vec<u8>) -> Result<Signed, WrongSignature> {
//!     Ok(Signed { draft, signature })
//! }
//! ```

use api::Problem;
use ledger::{Entry, Kind};

use super::draft::Draft;

/// A draft and its verified signature.
pub struct Signed {
    draft: Draft,
    signature: Vec<u8>,
}

/// The token's signature is not the pinned key's over the message. Holds the message's intent.
#[derive(Debug, thiserror::Error)]
#[error("the token's signature is not the pinned key's")]
pub struct WrongSignature(Box<Entry>);

impl Signed {
    /// Verifies the signature over exactly the draft's signing input, with exactly the pinned key.
    pub fn verify(draft: Draft, signature: Vec<u8>) -> Result<Self, WrongSignature> {
        let algorithm = draft.message().algorithm(draft.key().algorithm);
        match draft.key().public.verifies(algorithm, draft.signing_input(), &signature) {
            true => Ok(Self { draft, signature }),
            false => Err(WrongSignature(Box::new(draft.intent()))),
        }
    }

    /// What was signed.
    pub fn draft(&self) -> &Draft {
        &self.draft
    }

    /// RSA octets, or r ‖ s.
    pub(crate) fn signature(&self) -> &[u8] {
        &self.signature
    }
}

impl WrongSignature {
    /// What an auditor is told besides the intent, which has the same digest.
    pub fn posture(&self) -> Entry {
        let Entry { connector, key, token, jti, digest, .. } = (*self.0).clone();
        let entry = Entry { connector, key, token, jti, digest, ..Entry::new(Kind::Posture) };
        entry.reason("wrong-signature")
    }
}

impl From<WrongSignature> for Problem {
    fn from(_: WrongSignature) -> Self {
        let detail =
            "Nothing was released. The operator has to look at the token; the ledger has a posture entry.";
        Self::new(
            axum::http::StatusCode::INTERNAL_SERVER_ERROR,
            "wrong-signature",
            "The token failed",
            detail,
        )
    }
}
