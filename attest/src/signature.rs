//! Signature schemes and their verification (RFC 4055, RFC 5758, RFC 8410).
//!
//! RSA PKCS#1 v1.5 and PSS, ECDSA on the NIST curves, Ed25519; SHA-256 and up. SHA-1 is never accepted: no chain of a
//! device that is known here needs it.

use aws_lc_rs::signature::{self as lc, ParsedPublicKey, UnparsedPublicKey, VerificationAlgorithm};
use der::Encode;
use der::asn1::Any;
use x509_cert::spki::{AlgorithmIdentifierOwned, ObjectIdentifier};

use crate::{Curve, KeyAlgorithm, PublicKey};

const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The sizes of RSA keys whose signatures are verified, in bits.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// The hash functions (FIPS 180-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// 32 bytes.
    Sha256,
    /// 48 bytes.
    Sha384,
    /// 64 bytes.
    Sha512,
}

/// How a signature is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2).
    RsaPkcs1(Hash),
    /// RSASSA-PSS with MGF1 of the same hash and a salt of its length (RFC 8017 section 8.1).
    RsaPss(Hash),
    /// ECDSA, the signature as DER (RFC 3279 section 2.2.3).
    Ecdsa(Hash),
    /// Ed25519 (RFC 8032).
    Ed25519,
}

/// Why a signature does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// It is not this key's over these bytes.
    #[error("the signature does not verify")]
    Bad,
    /// The scheme or its parameters are not accepted here.
    #[error("the signature algorithm {0} is not accepted")]
    Unsupported(ObjectIdentifier),
    /// Signatures of such keys cannot be judged here, so they are neither good nor bad.
    #[error("signatures by a key that is {0} are not judged here")]
    UnsupportedKey(KeyAlgorithm),
}

impl Scheme {
    /// The scheme that an AlgorithmIdentifier names. RSA's NULL may be absent, and ECDSA's may be there, which real makers'
    /// certificates have: who builds a path says where that is tolerated.
    pub fn of(algorithm: &AlgorithmIdentifierOwned) -> Result<Self, SignatureFault> {
        let absent = algorithm.parameters.is_none();
        let null = absent || algorithm.parameters.as_ref() == Some(&Any::null());
        match algorithm.oid {
            RSA_SHA256 if null => Ok(Self::RsaPkcs1(Hash::Sha256)),
            RSA_SHA384 if null => Ok(Self::RsaPkcs1(Hash::Sha384)),
            RSA_SHA512 if null => Ok(Self::RsaPkcs1(Hash::Sha512)),
            RSA_PSS => pss(algorithm).map(Self::RsaPss),
            ECDSA_SHA256 if null => Ok(Self::Ecdsa(Hash::Sha256)),
            ECDSA_SHA384 if null => Ok(Self::Ecdsa(Hash::Sha384)),
            ECDSA_SHA512 if null => Ok(Self::Ecdsa(Hash::Sha512)),
            ED25519 if absent => Ok(Self::Ed25519),
            other => Err(SignatureFault::Unsupported(other)),
        }
    }

    /// Whether `signature` is `key`'s over `message`. A key of another kind than the scheme's verifies nothing.
    pub fn verify(self, key: &PublicKey, message: &[u8], signature: &[u8]) -> Result<(), SignatureFault> {
        if !is_judged(key.algorithm()) {
            return Err(SignatureFault::UnsupportedKey(key.algorithm()));
        }
        let algorithm = self.verifier(key.algorithm()).ok_or(SignatureFault::Bad)?;
        let parsed: ParsedPublicKey =
            UnparsedPublicKey::new(algorithm, key.bits()).parse().map_err(|_| SignatureFault::Bad)?;
        parsed.verify_sig(message, signature).map_err(|_| SignatureFault::Bad)
    }

    fn verifier(self, key: KeyAlgorithm) -> Option<&'static dyn VerificationAlgorithm> {
        Some(match (self, key) {
            (Self::RsaPkcs1(Hash::Sha256), KeyAlgorithm::Rsa(_)) => &lc::RSA_PKCS1_2048_8192_SHA256,
            (Self::RsaPkcs1(Hash::Sha384), KeyAlgorithm::Rsa(_)) => &lc::RSA_PKCS1_2048_8192_SHA384,
            (Self::RsaPkcs1(Hash::Sha512), KeyAlgorithm::Rsa(_)) => &lc::RSA_PKCS1_2048_8192_SHA512,
            (Self::RsaPss(Hash::Sha256), KeyAlgorithm::Rsa(_)) => &lc::RSA_PSS_2048_8192_SHA256,
            (Self::RsaPss(Hash::Sha384), KeyAlgorithm::Rsa(_)) => &lc::RSA_PSS_2048_8192_SHA384,
            (Self::RsaPss(Hash::Sha512), KeyAlgorithm::Rsa(_)) => &lc::RSA_PSS_2048_8192_SHA512,
            (Self::Ecdsa(hash), KeyAlgorithm::Ec(curve)) => ecdsa(curve, hash),
            (Self::Ed25519, KeyAlgorithm::Ed25519) => &lc::ED25519,
            _ => return None,
        })
    }
}

/// What aws-lc verifies with; a key of another size, curve or algorithm may have signed well or not.
fn is_judged(key: KeyAlgorithm) -> bool {
    match key {
        KeyAlgorithm::Rsa(bits) => RSA_BITS.contains(&bits),
        KeyAlgorithm::Other(_) => false,
        KeyAlgorithm::Ec(_) | KeyAlgorithm::Ed25519 | KeyAlgorithm::X25519 => true,
    }
}

fn ecdsa(curve: Curve, hash: Hash) -> &'static dyn VerificationAlgorithm {
    match (curve, hash) {
        (Curve::P256, Hash::Sha256) => &lc::ECDSA_P256_SHA256_ASN1,
        (Curve::P256, Hash::Sha384) => &lc::ECDSA_P256_SHA384_ASN1,
        (Curve::P256, Hash::Sha512) => &lc::ECDSA_P256_SHA512_ASN1,
        (Curve::P384, Hash::Sha256) => &lc::ECDSA_P384_SHA256_ASN1,
        (Curve::P384, Hash::Sha384) => &lc::ECDSA_P384_SHA384_ASN1,
        (Curve::P384, Hash::Sha512) => &lc::ECDSA_P384_SHA512_ASN1,
        (Curve::P521, Hash::Sha256) => &lc::ECDSA_P521_SHA256_ASN1,
        (Curve::P521, Hash::Sha384) => &lc::ECDSA_P521_SHA384_ASN1,
        (Curve::P521, Hash::Sha512) => &lc::ECDSA_P521_SHA512_ASN1,
    }
}

/// The hash of RSASSA-PSS-params (RFC 4055 section 3.1). Only the three usual parameter sets exist here, each in the
/// two forms in which its hash identifiers are written, so they are compared as bytes and not parsed.
fn pss(algorithm: &AlgorithmIdentifierOwned) -> Result<Hash, SignatureFault> {
    let given = algorithm.parameters.as_ref().and_then(|parameters| parameters.to_der().ok());
    [Hash::Sha256, Hash::Sha384, Hash::Sha512]
        .into_iter()
        .find(|hash| given.as_deref().is_some_and(|given| is_pss_of(*hash, given)))
        .ok_or(SignatureFault::Unsupported(algorithm.oid))
}

fn is_pss_of(hash: Hash, parameters: &[u8]) -> bool {
    let (last, salt) = match hash {
        Hash::Sha256 => (1, 32),
        Hash::Sha384 => (2, 48),
        Hash::Sha512 => (3, 64),
    };
    let oid = [0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, last];
    const MGF1: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08];
    let form = |null: &[u8]| {
        let hash = tlv(0x30, &[&oid, null]);
        let mask = tlv(0x30, &[&MGF1, &hash]);
        tlv(0x30, &[&tlv(0xa0, &[&hash]), &tlv(0xa1, &[&mask]), &tlv(0xa2, &[&[0x02, 0x01, salt]])])
    };
    parameters == form(&[0x05, 0x00]) || parameters == form(&[])
}

/// A DER value shorter than 128 bytes.
fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let value = parts.concat();
    [&[tag, value.len() as u8], value.as_slice()].concat()
}

#[cfg(test)]
mod tests;
