//! A client assertion: proof of the vendor's identity to one tenant (RFC 7523 section 3).
//!
//! The caller chooses none of `jti`, `iat`, `exp` or the thumbprint; the front fills them in. Entra's form: `iss` and
//! `sub` are the client id, times are integers, PS256 with `x5t#S256` and RS256 with `x5t`.

use hsm_config::Algorithm;
use serde::{Deserialize, Serialize};

use super::{MessageError, Thumbprint, jose, lifetime, text};

/// The fields of one client assertion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assertion {
    /// Which certificate.
    pub certificate: Thumbprint,
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

    /// The certificate's SHA-256, as `x5t#S256` writes it; an RS256 header has `x5t` in its place.
    pub fn x5t_s256(&self) -> String {
        self.certificate.x5t_s256()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Proof;

    fn assertion() -> Assertion {
        Assertion {
            certificate: Thumbprint::of(b"certificate"),
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

    /// Part of a signing input: 0 is the header, 1 the claims.
    fn part(input: &[u8], at: usize) -> serde_json::Value {
        use base64::Engine;
        let part = input.split(|c| *c == b'.').nth(at).unwrap();
        let part = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
        serde_json::from_slice(&part).unwrap()
    }

    /// The thumbprints are openssl's: `printf certificate | openssl dgst -sha1 -binary | basenc --base64url`.
    #[test]
    fn rs256_names_its_certificate_by_sha_1_and_the_others_by_sha_256() {
        let x5t_s256 = ("x5t#S256", "A9Zt0Ig1wco_EozOrNHzGslBYwlrIPRFroQoW8CDLXI");
        for (algorithm, (member, thumbprint)) in [
            (Algorithm::PS256, x5t_s256),
            (Algorithm::ES256, x5t_s256),
            (Algorithm::RS256, ("x5t", "c1rVccGJ17qERkv0qfHSKAF1sSg")),
        ] {
            let proof =
                Proof { certificate: assertion().certificate, object_id: "o".into(), nbf: 1_000, exp: 1_600 };
            let inputs = [assertion().signing_input(algorithm), proof.signing_input(algorithm)];
            for input in inputs {
                let expected = serde_json::json!({ "alg": algorithm, "typ": "JWT", member: thumbprint });
                assert_eq!(part(&input.unwrap(), 0), expected);
            }
        }
    }

    #[test]
    fn text_from_a_caller_cannot_add_a_claim() {
        let claims = part(&assertion().signing_input(Algorithm::PS256).unwrap(), 1);
        assert_eq!(claims.as_object().unwrap().len(), 7);
        assert_eq!(claims["iss"], "c\"\\\u{1}");
        assert!(claims["exp"].is_i64());
    }
}
