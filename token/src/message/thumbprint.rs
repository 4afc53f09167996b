//! A certificate's digests, by which a JWS header names it (RFC 7515 sections 4.1.7 and 4.1.8).
//!
//! Entra's own clients send `x5t#S256` with PS256 and `x5t`, which is SHA-1, with RS256; an RS256 assertion that names its
//! certificate by SHA-256 was refused (AADSTS700027). Its sign-in logs name it by SHA-1, too, so the ledger has that beside
//! SHA-256. These are the uses of SHA-1, and nothing rests on it: it says which of the certificates that a customer registered is
//! meant, and the signature is verified with that one's key, whichever it is.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hsm_config::Algorithm;
use serde::{Deserialize, Serialize};

use crate::Sha256;

/// The length of a SHA-1 digest, in bytes.
const SHA1_BYTES: usize = 20;

/// The digests of one certificate's DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thumbprint {
    sha1: [u8; SHA1_BYTES],
    sha256: Sha256,
}

/// How a header names its certificate: by exactly one member.
#[derive(Serialize)]
pub(super) enum Named {
    #[serde(rename = "x5t")]
    Sha1(String),
    #[serde(rename = "x5t#S256")]
    Sha256(String),
}

impl Thumbprint {
    /// The digests of a certificate, DER.
    pub fn of(certificate: &[u8]) -> Self {
        let mut sha1 = [0; SHA1_BYTES];
        sha1.copy_from_slice(digest(&SHA1_FOR_LEGACY_USE_ONLY, certificate).as_ref());
        Self { sha1, sha256: Sha256::of(certificate) }
    }

    /// Its SHA-1 in lower-case hex, as Entra's sign-in logs name it but for the case.
    pub fn sha1_hex(&self) -> String {
        attest::hex::text(&self.sha1)
    }

    /// Its SHA-256.
    pub fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// Its SHA-256 as `x5t#S256` writes it: 43 characters.
    pub fn x5t_s256(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.sha256.0)
    }

    /// The member that goes with an algorithm.
    pub(super) fn named(&self, algorithm: Algorithm) -> Named {
        match algorithm {
            Algorithm::RS256 => Named::Sha1(URL_SAFE_NO_PAD.encode(self.sha1)),
            Algorithm::PS256 | Algorithm::ES256 | Algorithm::EdDSA => Named::Sha256(self.x5t_s256()),
        }
    }
}
