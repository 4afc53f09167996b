//! A public key as DER, composed from what the token tells of it.
//!
//! RSA keys from CKA_MODULUS and CKA_PUBLIC_EXPONENT, P-256 keys from CKA_EC_POINT (a DER OCTET STRING, of which some
//! modules tell only the content), else CKA_PUBLIC_KEY_INFO. Composed, not copied, so that equal keys have equal
//! digests. RFC 5280 section 4.1, RFC 8017 appendix A.1.1, RFC 5480.

use cryptoki::object::{Attribute, AttributeType, ObjectHandle};
use cryptoki::session::Session;
use der::asn1::{AnyRef, BitString, Null, OctetStringRef, UintRef};
use der::{Decode, Encode};
use x509_cert::spki::{AlgorithmIdentifier, ObjectIdentifier, SubjectPublicKeyInfo};

use crate::PublicKey;
use crate::public_key::{EC_PUBLIC_KEY, PRIME256V1, RSA_ENCRYPTION};

/// The length of an uncompressed P-256 point, in bytes (SEC 1 section 2.3.3).
const POINT_BYTES: usize = 65;

/// The public key that an object tells of, public or private; `None` where it tells nothing that we can use.
pub(super) fn of_object(session: &Session, object: ObjectHandle) -> Option<PublicKey> {
    let spki = rsa(session, object).or_else(|| p256(session, object)).or_else(|| info(session, object))?;
    PublicKey::from_spki(&spki).ok()
}

/// One attribute's bytes, empty ones being as good as none.
pub(super) fn bytes(session: &Session, object: ObjectHandle, attribute: AttributeType) -> Option<Vec<u8>> {
    let bytes = match session.get_attributes(object, &[attribute]).ok()?.pop()? {
        Attribute::Modulus(v)
        | Attribute::PublicExponent(v)
        | Attribute::EcPoint(v)
        | Attribute::Value(v) => v,
        Attribute::PublicKeyInfo(v) | Attribute::Id(v) | Attribute::Label(v) => v,
        _ => return None,
    };
    Some(bytes).filter(|bytes| !bytes.is_empty())
}

fn rsa(session: &Session, object: ObjectHandle) -> Option<Vec<u8>> {
    let modulus = bytes(session, object, AttributeType::Modulus)?;
    let exponent = bytes(session, object, AttributeType::PublicExponent)?;
    rsa_spki(&modulus, &exponent).ok()
}

fn p256(session: &Session, object: ObjectHandle) -> Option<Vec<u8>> {
    let told = bytes(session, object, AttributeType::EcPoint)?;
    p256_spki(point(&told)?).ok()
}

fn info(session: &Session, object: ObjectHandle) -> Option<Vec<u8>> {
    bytes(session, object, AttributeType::PublicKeyInfo)
}

fn point(told: &[u8]) -> Option<&[u8]> {
    let inner = <&OctetStringRef>::from_der(told).map_or(told, OctetStringRef::as_bytes);
    Some(inner).filter(|point| point.len() == POINT_BYTES)
}

fn rsa_spki(modulus: &[u8], exponent: &[u8]) -> der::Result<Vec<u8>> {
    let key = vec![UintRef::new(modulus)?, UintRef::new(exponent)?].to_der()?;
    spki(RSA_ENCRYPTION, AnyRef::from(Null), &key)
}

fn p256_spki(point: &[u8]) -> der::Result<Vec<u8>> {
    spki(EC_PUBLIC_KEY, AnyRef::from(&PRIME256V1), point)
}

fn spki(oid: ObjectIdentifier, parameters: AnyRef<'_>, key: &[u8]) -> der::Result<Vec<u8>> {
    let algorithm = AlgorithmIdentifier { oid, parameters: Some(parameters) };
    SubjectPublicKeyInfo { algorithm, subject_public_key: BitString::from_bytes(key)? }.to_der()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_read_with_and_without_its_octet_string() {
        let mut raw = vec![4; POINT_BYTES];
        assert_eq!(point(&raw), Some(&raw[..]));
        let wrapped = [&[0x04, 0x41][..], &raw].concat();
        assert_eq!(point(&wrapped), Some(&raw[..]));
        raw.pop();
        assert_eq!(point(&raw), None);
    }

    #[test]
    fn a_modulus_with_leading_zeros_gives_the_same_key() {
        let mut modulus = vec![0xc1; 256];
        let plain = rsa_spki(&modulus, &[1, 0, 1]).unwrap();
        modulus.insert(0, 0);
        assert_eq!(rsa_spki(&modulus, &[0, 1, 0, 1]).unwrap(), plain);
    }
}
