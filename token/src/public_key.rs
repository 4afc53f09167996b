//! A public key as a token reported it, and the judgement of its signatures.
//!
//! The front parses each pinned key once and verifies every signature with it before release; the host judges its
//! own probe signatures with the same code. Accepts RSA of 2048 to 4096 bits and NIST P-256 only (RFC 7518
//! sections 3.3 to 3.5; RFC 5480).

use aws_lc_rs::signature::{self, ParsedPublicKey, UnparsedPublicKey, VerificationAlgorithm};
use der::{Decode, Encode};
use hsm_config::{Algorithm, KeyType};
use x509_cert::spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

use crate::Sha256;

pub(crate) const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(crate) const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(crate) const PRIME256V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

/// A parsed public key: its DER, its digest and a ready verifier.
pub struct PublicKey {
    spki: Vec<u8>,
    bits: Vec<u8>,
    kind: KeyType,
    sha256: Sha256,
    verifier: Verifier,
}

enum Verifier {
    Rsa { pss: ParsedPublicKey, pkcs1: ParsedPublicKey },
    P256 { fixed: ParsedPublicKey },
}

/// A public key that Kunci cannot use.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The bytes are no SubjectPublicKeyInfo.
    #[error("the public key is not a DER SubjectPublicKeyInfo")]
    Malformed,
    /// Neither RSA of a known size nor P-256.
    #[error("the public key is neither RSA (2048, 3072 or 4096 bits) nor P-256")]
    Unsupported,
}

impl PublicKey {
    /// Parses a DER SubjectPublicKeyInfo.
    pub fn from_spki(spki: &[u8]) -> Result<Self, KeyError> {
        let info = SubjectPublicKeyInfoRef::from_der(spki).map_err(|_| KeyError::Malformed)?;
        let bits = info.subject_public_key.as_bytes().ok_or(KeyError::Malformed)?.to_vec();
        let (kind, verifier) = match info.algorithm.oid {
            RSA_ENCRYPTION => (rsa_kind(&bits)?, Verifier::rsa(&bits)?),
            EC_PUBLIC_KEY if info.algorithm.parameters_oid() == Ok(PRIME256V1) => {
                (KeyType::P256, Verifier::p256(&bits)?)
            }
            _ => return Err(KeyError::Unsupported),
        };
        Ok(Self { sha256: Sha256::of(spki), spki: spki.to_vec(), bits, kind, verifier })
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
        &self.spki
    }

    /// The content of the subjectPublicKey bit string: PKCS#1 RSAPublicKey DER, or a 65-byte point.
    pub fn bits(&self) -> &[u8] {
        &self.bits
    }

    /// RSA and its size, or P-256.
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
}

fn parse(algorithm: &'static dyn VerificationAlgorithm, bits: &[u8]) -> Result<ParsedPublicKey, KeyError> {
    UnparsedPublicKey::new(algorithm, bits).parse().map_err(|_| KeyError::Unsupported)
}

/// The size of a PKCS#1 RSAPublicKey (RFC 8017 appendix A.1.1).
fn rsa_kind(bits: &[u8]) -> Result<KeyType, KeyError> {
    let key = der::asn1::AnyRef::from_der(bits).map_err(|_| KeyError::Malformed)?;
    let modulus = key
        .sequence(|reader| {
            let modulus: der::asn1::UintRef<'_> = der::Decode::decode(reader)?;
            let _exponent: der::asn1::UintRef<'_> = der::Decode::decode(reader)?;
            Ok::<_, der::Error>(modulus)
        })
        .map_err(|_| KeyError::Malformed)?;
    match modulus.as_bytes().len() {
        256 => Ok(KeyType::Rsa2048),
        384 => Ok(KeyType::Rsa3072),
        512 => Ok(KeyType::Rsa4096),
        _ => Err(KeyError::Unsupported),
    }
}
