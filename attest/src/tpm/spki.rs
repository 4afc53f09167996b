//! The TPM's public keys as DER and back, so that they can be compared with a certificate's.

use super::public::PublicPart;
use crate::{Curve, KeyAlgorithm, PublicKey, spki};

/// The smallest modulus, in bits.
const MIN_MODULUS: usize = 2048;

impl PublicPart {
    /// The SubjectPublicKeyInfo. The parts were checked when they were parsed; what cannot be encoded is empty, and
    /// equals no key.
    pub fn to_spki(&self) -> Vec<u8> {
        let encoded = match self {
            Self::Rsa { modulus, exponent } => spki::rsa(modulus, &exponent.to_be_bytes()),
            Self::Ecc { curve, .. } => spki::ec(curve.oid(), &self.to_bits()),
        };
        encoded.unwrap_or_default()
    }

    /// The content of the bit string: PKCS#1 RSAPublicKey DER, or an uncompressed point.
    pub fn to_bits(&self) -> Vec<u8> {
        match self {
            Self::Rsa { modulus, exponent } => {
                spki::rsa_key(modulus, &exponent.to_be_bytes()).unwrap_or_default()
            }
            Self::Ecc { x, y, .. } => [&[4], x.as_slice(), y.as_slice()].concat(),
        }
    }

    /// The key in a SubjectPublicKeyInfo; none where a TPM has no such key.
    pub fn from_spki(spki: &[u8]) -> Option<Self> {
        let key = PublicKey::from_spki(spki).ok()?;
        match key.algorithm() {
            KeyAlgorithm::Rsa(bits) if bits >= MIN_MODULUS => rsa(key.bits()),
            KeyAlgorithm::Ec(curve @ (Curve::P256 | Curve::P384)) => point(curve, key.bits()),
            _ => None,
        }
    }
}

fn rsa(bits: &[u8]) -> Option<PublicPart> {
    let (modulus, exponent) = spki::rsa_numbers(bits).ok()?;
    let exponent = exponent
        .iter()
        .try_fold(0_u32, |all, byte| all.checked_mul(256).map(|shifted| shifted | u32::from(*byte)))?;
    Some(PublicPart::Rsa { modulus, exponent })
}

fn point(curve: Curve, bits: &[u8]) -> Option<PublicPart> {
    let (x, y) = bits.strip_prefix(&[4])?.split_at_checked(curve.bytes())?;
    (y.len() == curve.bytes()).then(|| PublicPart::Ecc { curve, x: x.to_vec(), y: y.to_vec() })
}
