//! A public key as a token reported it, and the judgement of its signatures.
//!
//! The front parses each pinned key once and verifies every signature with it before release; the host judges its
//! own probe signatures with the same code. Accepts RSA of 2048 to 4096 bits, NIST P-256 and Ed25519 only (RFC 7518
//! sections 3.3 to 3.5; RFC 5480; RFC 8410).

use attest::{Curve, KeyAlgorithm};
use aws_lc_rs::signature::{self, ParsedPublicKey, UnparsedPublicKey, VerificationAlgorithm};
use der::{Decode, Encode};
use hsm_config::{Algorithm, KeyType};

use crate::Sha256;

/// A parsed public key: its DER, its digest and a ready verifier.
pub struct PublicKey {
    key: attest::PublicKey,
    kind: KeyType,
    sha256: Sha256,
    verifier: Verifier,
}

enum Verifier {
    Rsa { pss: ParsedPublicKey, pkcs1: ParsedPublicKey },
    P256 { fixed: ParsedPublicKey },
    Ed25519 { pure: ParsedPublicKey },
}

/// A public key that Kunci cannot use.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The bytes are no SubjectPublicKeyInfo.
    #[error("the public key is not a DER SubjectPublicKeyInfo")]
    Malformed,
    /// Neither RSA of a known size nor P-256 nor Ed25519.
    #[error("the public key is neither RSA (2048, 3072 or 4096 bits) nor P-256 nor Ed25519")]
    Unsupported,
    /// A point that has no private key.
    #[error("the public key is no point on the curve {0}")]
    OffCurve(Curve),
}

impl PublicKey {
    /// Parses a DER SubjectPublicKeyInfo.
    pub fn from_spki(spki: &[u8]) -> Result<Self, KeyError> {
        attest::PublicKey::from_spki(spki)?.try_into()
    }

    /// The public key of a DER certificate (RFC 5280).
    pub fn from_certificate(certificate: &[u8]) -> Result<Self, KeyError> {
        let parsed = x509_cert::Certificate::from_der(certificate).map_err(|_| KeyError::Malformed)?;
        let spki =
            parsed.tbs_certificate().subject_public_key_info().to_der().map_err(|_| KeyError::Malformed)?;
        Self::from_spki(&spki)
    }

    /// The DER SubjectPublicKeyInfo.
    pub fn spki(&self) -> &[u8] {
        self.key.spki()
    }

    /// The content of the subjectPublicKey bit string: PKCS#1 RSAPublicKey DER, a 65-byte point, or 32 bytes of Ed25519.
    pub fn bits(&self) -> &[u8] {
        self.key.bits()
    }

    /// RSA and its size, P-256, or Ed25519.
    pub fn kind(&self) -> KeyType {
        self.kind
    }

    /// SHA-256 of the SubjectPublicKeyInfo.
    pub fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// Whether `signature` is this key's over `message`. ES256 signatures are the 64 bytes r ‖ s of RFC 7518.
    pub fn verifies(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let key = match (algorithm, &self.verifier) {
            (Algorithm::PS256, Verifier::Rsa { pss, .. }) => pss,
            (Algorithm::RS256, Verifier::Rsa { pkcs1, .. }) => pkcs1,
            (Algorithm::ES256, Verifier::P256 { fixed }) => fixed,
            (Algorithm::EdDSA, Verifier::Ed25519 { pure }) => pure,
            _ => return false,
        };
        key.verify_sig(message, signature).is_ok()
    }
}

impl Verifier {
    fn rsa(bits: &[u8]) -> Result<Self, KeyError> {
        Ok(Self::Rsa {
            pss: parse(&signature::RSA_PSS_2048_8192_SHA256, bits)?,
            pkcs1: parse(&signature::RSA_PKCS1_2048_8192_SHA256, bits)?,
        })
    }

    fn p256(bits: &[u8]) -> Result<Self, KeyError> {
        Ok(Self::P256 { fixed: parse(&signature::ECDSA_P256_SHA256_FIXED, bits)? })
    }

    fn ed25519(bits: &[u8]) -> Result<Self, KeyError> {
        Ok(Self::Ed25519 { pure: parse(&signature::ED25519, bits)? })
    }
}

fn parse(algorithm: &'static dyn VerificationAlgorithm, bits: &[u8]) -> Result<ParsedPublicKey, KeyError> {
    UnparsedPublicKey::new(algorithm, bits).parse().map_err(|_| KeyError::Unsupported)
}

impl TryFrom<attest::PublicKey> for PublicKey {
    type Error = KeyError;

    fn try_from(key: attest::PublicKey) -> Result<Self, KeyError> {
        let (kind, verifier) = match key.algorithm() {
            KeyAlgorithm::Rsa(bits) => (rsa_kind(bits)?, Verifier::rsa(key.bits())?),
            KeyAlgorithm::Ec(Curve::P256) => (KeyType::P256, Verifier::p256(key.bits())?),
            KeyAlgorithm::Ed25519 => (KeyType::Ed25519, Verifier::ed25519(key.bits())?),
            _ => return Err(KeyError::Unsupported),
        };
        Ok(Self { sha256: key.sha256(), key, kind, verifier })
    }
}

/// By the length of the modulus in bytes: not every token sees to it that the highest bit is set.
fn rsa_kind(bits: usize) -> Result<KeyType, KeyError> {
    match bits.div_ceil(8) * 8 {
        2048 => Ok(KeyType::Rsa2048),
        3072 => Ok(KeyType::Rsa3072),
        4096 => Ok(KeyType::Rsa4096),
        _ => Err(KeyError::Unsupported),
    }
}

impl From<attest::KeyError> for KeyError {
    fn from(error: attest::KeyError) -> Self {
        match error {
            attest::KeyError::Der(_) => Self::Malformed,
            attest::KeyError::OffCurve(curve) => Self::OffCurve(curve),
        }
    }
}
