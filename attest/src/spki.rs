//! SubjectPublicKeyInfo: what algorithms and curves are called in it, and the DER of a key from its parts.
//!
//! The one table of these identifiers, for whoever tells of keys: certificates, tokens, TPMs, HSMs. Composed, not copied, so
//! that equal keys have equal bytes and digests. RFC 5280 section 4.1, RFC 8017 appendix A.1.1, RFC 5480, RFC 8410.

use der::asn1::{AnyRef, BitString, Null, UintRef};
use der::{Decode, Encode};
use x509_cert::spki::{AlgorithmIdentifier, ObjectIdentifier, SubjectPublicKeyInfo};

use crate::Curve;

pub(crate) const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(crate) const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(crate) const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
pub(crate) const X25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.110");
/// Bitcoin's curve, which signs nothing here.
pub(crate) const SECP256K1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.10");

const CURVES: [(Curve, ObjectIdentifier); 3] = [
    (Curve::P256, ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7")),
    (Curve::P384, ObjectIdentifier::new_unwrap("1.3.132.0.34")),
    (Curve::P521, ObjectIdentifier::new_unwrap("1.3.132.0.35")),
];

impl Curve {
    /// The curve that goes by this identifier.
    pub fn of(oid: ObjectIdentifier) -> Option<Self> {
        CURVES.into_iter().find(|(_, known)| *known == oid).map(|(curve, _)| curve)
    }

    /// Its identifier.
    pub fn oid(self) -> ObjectIdentifier {
        let [(_, p256), (_, p384), (_, p521)] = CURVES;
        match self {
            Self::P256 => p256,
            Self::P384 => p384,
            Self::P521 => p521,
        }
    }
}

/// The SubjectPublicKeyInfo of an RSA key. Zeros may stand before either number.
pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> der::Result<Vec<u8>> {
    info(RSA_ENCRYPTION, AnyRef::from(Null), &rsa_key(modulus, exponent)?)
}

/// That of a point on a curve.
pub(crate) fn ec(curve: ObjectIdentifier, point: &[u8]) -> der::Result<Vec<u8>> {
    info(EC_PUBLIC_KEY, AnyRef::from(&curve), point)
}

/// That of an Ed25519 key, which has 32 bytes. Its algorithm has no parameters (RFC 8410 section 3).
pub(crate) fn ed25519(key: &[u8]) -> der::Result<Vec<u8>> {
    /// The size of a key, in bytes.
    const BYTES: usize = 32;
    if key.len() != BYTES {
        return Err(der::Tag::BitString.length_error().into());
    }
    let algorithm = AlgorithmIdentifier::<AnyRef<'_>> { oid: ED25519, parameters: None };
    let bits = BitString::from_bytes(key)?;
    SubjectPublicKeyInfo { algorithm, subject_public_key: bits }.to_der()
}

/// A PKCS#1 RSAPublicKey.
pub(crate) fn rsa_key(modulus: &[u8], exponent: &[u8]) -> der::Result<Vec<u8>> {
    vec![UintRef::new(modulus)?, UintRef::new(exponent)?].to_der()
}

/// The modulus and the exponent in a PKCS#1 RSAPublicKey, big-endian, without leading zeros.
pub(crate) fn rsa_numbers(bits: &[u8]) -> der::Result<(Vec<u8>, Vec<u8>)> {
    AnyRef::from_der(bits)?.sequence(|reader| {
        let (modulus, exponent) = (UintRef::decode(reader)?, UintRef::decode(reader)?);
        Ok((modulus.as_bytes().to_vec(), exponent.as_bytes().to_vec()))
    })
}

fn info(oid: ObjectIdentifier, parameters: AnyRef<'_>, bits: &[u8]) -> der::Result<Vec<u8>> {
    let algorithm = AlgorithmIdentifier { oid, parameters: Some(parameters) };
    SubjectPublicKeyInfo { algorithm, subject_public_key: BitString::from_bytes(bits)? }.to_der()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_curve_has_one_identifier() {
        for (curve, oid) in CURVES {
            assert_eq!((Curve::of(oid), curve.oid()), (Some(curve), oid));
        }
    }

    #[test]
    fn a_modulus_with_leading_zeros_gives_the_same_key() {
        let mut modulus = vec![0xc1; 256];
        let plain = rsa(&modulus, &[1, 0, 1]).unwrap();
        modulus.insert(0, 0);
        assert_eq!(rsa(&modulus, &[0, 1, 0, 1]).unwrap(), plain);
    }
}
