//! A public key: its DER, what it is for, and its modulus where it has one (RFC 5280 section 4.1.2.7).

use der::asn1::{AnyRef, UintRef};
use der::{Decode, Encode};
use x509_cert::spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};

use crate::{Curve, KeyAlgorithm, Sha256};

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const PRIME256V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const X25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.110");

/// A parsed SubjectPublicKeyInfo. Two are equal when they are the same key, whatever the form of their parameters.
#[derive(Clone, Debug)]
pub struct PublicKey {
    spki: Vec<u8>,
    algorithm: KeyAlgorithm,
    bits: Vec<u8>,
}

impl PublicKey {
    /// Parses a DER SubjectPublicKeyInfo.
    pub fn from_spki(spki: &[u8]) -> Result<Self, der::Error> {
        let info = SubjectPublicKeyInfoRef::from_der(spki)?;
        let bits = info.subject_public_key.as_bytes().ok_or(der::Tag::BitString.value_error())?.to_vec();
        let algorithm = match info.algorithm.oid {
            RSA_ENCRYPTION => KeyAlgorithm::Rsa(bit_length(&modulus(&bits)?)),
            EC_PUBLIC_KEY => curve(info.algorithm.parameters_oid().ok()),
            ED25519 => KeyAlgorithm::Ed25519,
            X25519 => KeyAlgorithm::X25519,
            other => KeyAlgorithm::Other(other),
        };
        Ok(Self { spki: spki.to_vec(), algorithm, bits })
    }

    /// The DER SubjectPublicKeyInfo, as it came.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The content of the subjectPublicKey bit string.
    pub fn bits(&self) -> &[u8] {
        &self.bits
    }

    /// What the key is for.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// SHA-256 of the SubjectPublicKeyInfo.
    pub fn sha256(&self) -> Sha256 {
        Sha256::of(&self.spki)
    }

    /// The modulus of an RSA key, big-endian, without leading zeros.
    pub fn modulus(&self) -> Option<Vec<u8>> {
        match self.algorithm {
            KeyAlgorithm::Rsa(_) => modulus(&self.bits).ok(),
            _ => None,
        }
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.algorithm == other.algorithm && self.bits == other.bits
    }
}

impl Eq for PublicKey {}

fn curve(parameters: Option<ObjectIdentifier>) -> KeyAlgorithm {
    match parameters {
        Some(PRIME256V1) => KeyAlgorithm::Ec(Curve::P256),
        Some(SECP384R1) => KeyAlgorithm::Ec(Curve::P384),
        Some(SECP521R1) => KeyAlgorithm::Ec(Curve::P521),
        Some(other) => KeyAlgorithm::Other(other),
        None => KeyAlgorithm::Other(EC_PUBLIC_KEY),
    }
}

/// The modulus in a PKCS#1 RSAPublicKey (RFC 8017 appendix A.1.1).
fn modulus(bits: &[u8]) -> Result<Vec<u8>, der::Error> {
    AnyRef::from_der(bits)?.sequence(|reader| {
        let modulus = UintRef::decode(reader)?;
        UintRef::decode(reader)?;
        Ok(modulus.as_bytes().to_vec())
    })
}

fn bit_length(bytes: &[u8]) -> usize {
    bytes.first().map_or(0, |first| bytes.len() * 8 - first.leading_zeros() as usize)
}

/// The DER of a parsed key, for a parser that holds it in pieces.
pub(crate) fn of(info: &x509_cert::spki::SubjectPublicKeyInfoOwned) -> Result<PublicKey, der::Error> {
    PublicKey::from_spki(&info.to_der()?)
}
