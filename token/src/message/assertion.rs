//! A client assertion: proof of the vendor's identity to one tenant (RFC 7523 section 3).
//!
//! The caller chooses none of `jti`, `iat`, `exp` or the thumbprint; the front fills them in. Entra's form: `iss` and
//! `sub` are the client id, times are integers, PS256 with `x5t#S256`.

use hsm_config::Algorithm;
use serde::{Deserialize, Serialize};

use super::{MessageError, jose, lifetime, text};
use crate::Sha256;

/// The fields of one client assertion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assertion {
    /// SHA-256 of the certificate's DER.
    pub certificate: Sha256,
    /// The token endpoint of the tenant.
    pub aud: String,
    /// The client id: both `iss` and `sub`.
    pub client_id: String,
    /// A fresh UUID; servers refuse one they have seen.
    pub jti: String,
    /// Issue time and `nbf`, seconds since 1970.
    pub iat: i64,
    /// Expiry, seconds since 1970; at most ten minutes after `iat`.
    pub exp: i64,
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    iss: &'a str,
    sub: &'a str,
    jti: &'a str,
    nbf: i64,
    iat: i64,
    exp: i64,
}

impl Assertion {
    /// The JWS signing input, once the fields keep their bounds.
    pub fn signing_input(&self, algorithm: Algorithm) -> Result<Vec<u8>, MessageError> {
        lifetime(self.iat, self.exp)?;
        text("aud", &self.aud)?;
        text("client_id", &self.client_id)?;
        text("jti", &self.jti)?;
        let claims = Claims {
            aud: &self.aud,
            iss: &self.client_id,
            sub: &self.client_id,
            jti: &self.jti,
            nbf: self.iat,
            iat: self.iat,
            exp: self.exp,
        };
        Ok(jose::signing_input(algorithm, &self.certificate, &claims))
    }

    /// The compact JWS.
    pub fn compact(signing_input: &[u8], signature: &[u8]) -> String {
        jose::compact(signing_input, signature)
    }

    /// The `x5t#S256` of the assertion's header.
    pub fn x5t_s256(&self) -> String {
        jose::thumbprint(&self.certificate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assertion() -> Assertion {
        Assertion {
            certificate: Sha256([1; 32]),
            aud: "https://login.example/t/oauth2/v2.0/token".into(),
            client_id: "c\"\\\u{1}".into(),
            jti: "j".into(),
            iat: 1_000,
            exp: 1_300,
        }
    }

    #[test]
    fn a_lifetime_over_ten_minutes_or_backwards_is_never_composed() {
        for exp in [1_601, 1_000, 999, i64::MIN] {
            let refused = Assertion { exp, ..assertion() }.signing_input(Algorithm::PS256);
            assert_eq!(refused, Err(MessageError::Lifetime), "{exp}");
        }
    }

    #[test]
    fn text_from_a_caller_cannot_add_a_claim() {
        use base64::Engine;
        let input = assertion().signing_input(Algorithm::PS256).unwrap();
        let claims = input.split(|c| *c == b'.').nth(1).unwrap();
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims.as_object().unwrap().len(), 7);
        assert_eq!(claims["iss"], "c\"\\\u{1}");
        assert!(claims["exp"].is_i64());
    }
}
