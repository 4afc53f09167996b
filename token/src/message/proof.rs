//! A Graph key-roll proof: the `proof` of `addKey` and `removeKey` on an application.
//!
//! Whoever gets one signed can add a key of their own, so it is an admin's verb, short-lived and in the ledger with
//! the caller and the reason. `aud` is fixed and `iss` is the application's object id.

use hsm_config::Algorithm;
use serde::{Deserialize, Serialize};

use super::{MessageError, Thumbprint, jose, lifetime, text};

/// The audience of every proof: Azure AD Graph's fixed application id.
pub const PROOF_AUDIENCE: &str = "00000002-0000-0000-c000-000000000000";

/// The fields of one key-roll proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Which certificate, a currently valid one.
    pub certificate: Thumbprint,
    /// The application's object id: `iss`.
    pub object_id: String,
    /// Start, seconds since 1970.
    pub nbf: i64,
    /// End, seconds since 1970; at most ten minutes after `nbf`.
    pub exp: i64,
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'static str,
    iss: &'a str,
    nbf: i64,
    exp: i64,
}

impl Proof {
    /// The JWS signing input, once the fields keep their bounds.
    pub fn signing_input(&self, algorithm: Algorithm) -> Result<Vec<u8>, MessageError> {
        lifetime(self.nbf, self.exp)?;
        text("object_id", &self.object_id)?;
        let claims = Claims { aud: PROOF_AUDIENCE, iss: &self.object_id, nbf: self.nbf, exp: self.exp };
        Ok(jose::signing_input(algorithm, &self.certificate, &claims))
    }

    /// The compact JWS.
    pub fn compact(signing_input: &[u8], signature: &[u8]) -> String {
        jose::compact(signing_input, signature)
    }
}
