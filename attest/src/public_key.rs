//! A public key: its DER, what it is for, and its modulus where it has one (RFC 5280 section 4.1.2.7).
//!
//! The one reader of public keys, whoever tells of them. A point that does not lie on its curve is refused by name.

use der::{Decode, Encode};
use x509_cert::spki::{ObjectIdentifier, SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};

use crate::{Curve, KeyAlgorithm, Sha256, point, spki};

/// A parsed SubjectPublicKeyInfo. Two are equal when they are the same key, whatever the form of their parameters.
#[derive(Clone, Debug)]
pub struct PublicKey {
    spki: Vec<u8>,
    algorithm: KeyAlgorithm,
    bits: Vec<u8>,
}

/// Why bytes are no public key, or nothing that holds one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// They are not the DER that they should be.
    #[error(transparent)]
    Der(#[from] der::Error),
    /// The point has no private key.
    #[error("its public key is no point on the curve {0}")]
    OffCurve(Curve),
}

impl PublicKey {
    /// Parses a DER SubjectPublicKeyInfo.
    pub fn from_spki(spki: &[u8]) -> Result<Self, KeyError> {
        let info = SubjectPublicKeyInfoRef::from_der(spki)?;
        let padded = || der::Error::from(der::Tag::BitString.value_error());
        let bits = info.subject_public_key.as_bytes().ok_or_else(padded)?.to_vec();
        let algorithm = match info.algorithm.oid {
            spki::RSA_ENCRYPTION => KeyAlgorithm::Rsa(bit_length(&spki::rsa_numbers(&bits)?.0)),
            spki::EC_PUBLIC_KEY => match info.algorithm.parameters_oid() {
                Ok(oid) => return Self::on_curve(oid, spki, bits),
                Err(_) => KeyAlgorithm::Other(spki::EC_PUBLIC_KEY),
            },
            spki::ED25519 => KeyAlgorithm::Ed25519,
            spki::X25519 => KeyAlgorithm::X25519,
            other => KeyAlgorithm::Other(other),
        };
        Ok(Self { spki: spki.to_vec(), algorithm, bits })
    }

    /// An RSA key from its numbers, big-endian. Zeros may stand before either.
    pub fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyError> {
        Self::from_spki(&spki::rsa(modulus, exponent)?)
    }

    /// A key from its point as SEC 1 writes it (section 2.3.3), compressed or not.
    pub fn ec(curve: Curve, point: &[u8]) -> Result<Self, KeyError> {
        Self::from_spki(&spki::ec(curve.oid(), point)?)
    }

    /// An Ed25519 key from its 32 bytes (RFC 8032 section 5.1.5).
    pub fn ed25519(key: &[u8]) -> Result<Self, KeyError> {
        Self::from_spki(&spki::ed25519(key)?)
    }

    fn on_curve(oid: ObjectIdentifier, spki: &[u8], bits: Vec<u8>) -> Result<Self, KeyError> {
        let Some(curve) = Curve::of(oid) else {
            return Ok(Self { spki: spki.to_vec(), algorithm: KeyAlgorithm::Other(oid), bits });
        };
        let algorithm = KeyAlgorithm::Ec(curve);
        match point::read(curve, &bits).ok_or(KeyError::OffCurve(curve))? {
            point if point == bits => Ok(Self { spki: spki.to_vec(), algorithm, bits }),
            point => Ok(Self { spki: spki::ec(oid, &point)?, algorithm, bits: point }),
        }
    }

    /// The DER SubjectPublicKeyInfo: as it came, but that a compressed point on P-256 is written out.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The content of the subjectPublicKey bit string: PKCS#1 RSAPublicKey DER, or a point.
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
            KeyAlgorithm::Rsa(_) => spki::rsa_numbers(&self.bits).ok().map(|(modulus, _)| modulus),
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

fn bit_length(bytes: &[u8]) -> usize {
    bytes.first().map_or(0, |first| bytes.len() * 8 - first.leading_zeros() as usize)
}

/// The key in a structure that holds it in pieces.
pub(crate) fn of(info: &SubjectPublicKeyInfoOwned) -> Result<PublicKey, KeyError> {
    PublicKey::from_spki(&info.to_der()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_certs::{Signer, seq, tlv};

    fn compressed(key: &PublicKey) -> Vec<u8> {
        [&[2 + (key.bits()[64] & 1)], &key.bits()[1..33]].concat()
    }

    #[test]
    fn a_compressed_point_is_the_same_key_with_the_same_digest() {
        let whole = PublicKey::from_spki(&Signer::p256().spki()).unwrap();
        let short = PublicKey::ec(Curve::P256, &compressed(&whole)).unwrap();
        assert_eq!((short.sha256(), short.spki()), (whole.sha256(), whole.spki()));
        assert_eq!(short, whole);
    }

    #[test]
    fn a_point_off_its_curve_is_refused_by_name_wherever_it_stands() {
        let mut spki = Signer::p256().spki();
        *spki.last_mut().unwrap() ^= 1;
        let refused = PublicKey::from_spki(&spki).unwrap_err();
        assert_eq!(refused, KeyError::OffCurve(Curve::P256));
        assert_eq!(refused.to_string(), "its public key is no point on the curve P-256");
        for file in [spki.clone(), crate::test_certs::armoured("PUBLIC KEY", &spki)] {
            let refused = crate::key(&file).unwrap_err();
            assert!(refused.to_string().contains("no point on the curve P-256"), "{refused}");
        }
    }

    #[test]
    fn parameters_that_name_no_curve_are_no_curve() {
        let key = PublicKey::from_spki(&Signer::p256().spki()).unwrap();
        let oid = tlv(0x06, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]);
        let bare = seq(&[seq(&[oid]), crate::test_certs::bit_string(key.bits())]);
        let read = PublicKey::from_spki(&bare).unwrap();
        assert_eq!(read.algorithm(), KeyAlgorithm::Other(spki::EC_PUBLIC_KEY));
    }
}
