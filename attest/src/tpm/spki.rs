//! The TPM's public keys as DER and back, so that they can be compared with a certificate's.
//!
//! Composed, not copied: equal keys have equal bytes and digests. RFC 5280 section 4.1, RFC 8017 appendix A.1.1,
//! RFC 5480.

use der::asn1::{AnyRef, BitString, Null, UintRef};
use der::{Decode, Encode};
use x509_cert::spki::{AlgorithmIdentifier, ObjectIdentifier, SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};

use super::algorithm::Curve;
use super::public::PublicPart;

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const PRIME256V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// The smallest modulus, in bytes: RSA-2048.
const MIN_MODULUS: usize = 256;

impl PublicPart {
    /// The SubjectPublicKeyInfo. The parts were checked when they were parsed; what cannot be encoded is empty, and
    /// equals no key.
    pub fn to_spki(&self) -> Vec<u8> {
        let encoded = match self {
            Self::Rsa { .. } => info(RSA_ENCRYPTION, AnyRef::from(Null), &self.to_bits()),
            Self::Ecc { curve, .. } => info(EC_PUBLIC_KEY, AnyRef::from(&oid(*curve)), &self.to_bits()),
        };
        encoded.unwrap_or_default()
    }

    /// The content of the bit string: PKCS#1 RSAPublicKey DER, or an uncompressed point.
    pub fn to_bits(&self) -> Vec<u8> {
        match self {
            Self::Rsa { modulus, exponent } => rsa(modulus, *exponent).unwrap_or_default(),
            Self::Ecc { x, y, .. } => [&[4], x.as_slice(), y.as_slice()].concat(),
        }
    }

    /// The key in a SubjectPublicKeyInfo; none where a TPM has no such key.
    pub fn from_spki(spki: &[u8]) -> Option<Self> {
        let info = SubjectPublicKeyInfoRef::from_der(spki).ok()?;
        let bits = info.subject_public_key.as_bytes()?;
        match (info.algorithm.oid, info.algorithm.parameters_oid()) {
            (RSA_ENCRYPTION, _) => rsa_part(bits),
            (EC_PUBLIC_KEY, Ok(PRIME256V1)) => point(Curve::P256, bits),
            (EC_PUBLIC_KEY, Ok(SECP384R1)) => point(Curve::P384, bits),
            _ => None,
        }
    }
}

fn oid(curve: Curve) -> ObjectIdentifier {
    match curve {
        Curve::P256 => PRIME256V1,
        Curve::P384 => SECP384R1,
    }
}

fn rsa(modulus: &[u8], exponent: u32) -> der::Result<Vec<u8>> {
    vec![UintRef::new(modulus)?, UintRef::new(&exponent.to_be_bytes())?].to_der()
}

fn rsa_part(bits: &[u8]) -> Option<PublicPart> {
    let (modulus, exponent) = AnyRef::from_der(bits)
        .ok()?
        .sequence(|reader| Ok::<_, der::Error>((UintRef::decode(reader)?, UintRef::decode(reader)?)))
        .ok()?;
    let exponent = exponent
        .as_bytes()
        .iter()
        .try_fold(0_u32, |all, byte| all.checked_mul(256).map(|shifted| shifted | u32::from(*byte)))?;
    let modulus = modulus.as_bytes().to_vec();
    (modulus.len() >= MIN_MODULUS).then_some(PublicPart::Rsa { modulus, exponent })
}

fn point(curve: Curve, bits: &[u8]) -> Option<PublicPart> {
    let (x, y) = bits.strip_prefix(&[4])?.split_at_checked(curve.bytes())?;
    (y.len() == curve.bytes()).then(|| PublicPart::Ecc { curve, x: x.to_vec(), y: y.to_vec() })
}

fn info(oid: ObjectIdentifier, parameters: AnyRef<'_>, key: &[u8]) -> der::Result<Vec<u8>> {
    let algorithm = AlgorithmIdentifier { oid, parameters: Some(parameters) };
    SubjectPublicKeyInfo { algorithm, subject_public_key: BitString::from_bytes(key)? }.to_der()
}
