//! A public key as DER, composed from what the token tells of it.
//!
//! RSA keys from CKA_MODULUS and CKA_PUBLIC_EXPONENT, P-256 keys from CKA_EC_POINT (a DER OCTET STRING, of which some
//! modules tell only the content), else CKA_PUBLIC_KEY_INFO. Composed, not copied, so that equal keys have equal
//! digests. A call that failed is no word of the key's: what it would have told is not known, and nothing is concluded
//! from that. RFC 5280 section 4.1, RFC 8017 appendix A.1.1, RFC 5480.

use cryptoki::object::{Attribute, AttributeType, ObjectHandle};
use cryptoki::session::Session;
use der::asn1::{AnyRef, BitString, Null, OctetStringRef, UintRef};
use der::{Decode, Encode};
use x509_cert::spki::{AlgorithmIdentifier, ObjectIdentifier, SubjectPublicKeyInfo};

use super::code::Failure;
use crate::PublicKey;
use crate::public_key::{EC_PUBLIC_KEY, PRIME256V1, RSA_ENCRYPTION};

/// The length of an uncompressed P-256 point, in bytes (SEC 1 section 2.3.3).
const POINT_BYTES: usize = 65;

/// The public key that an object tells of, public or private; `None` where it tells nothing that we can use, and the failure
/// where it was not to be asked.
pub(super) fn told_of(session: &Session, object: ObjectHandle) -> Result<Option<PublicKey>, Failure> {
    let mut failure = None;
    for way in [rsa, p256, info] {
        match way(session, object) {
            Ok(Some(spki)) => return Ok(PublicKey::from_spki(&spki).ok()),
            Ok(None) => {}
            // What a module answers for an attribute of another type of key may be a code of its own.
            Err(why) => failure = failure.or(Some(why)),
        }
    }
    failure.map_or(Ok(None), Err)
}

/// The same, for whoever tells what there is and asks again later: a call that failed told nothing.
pub(super) fn of_object(session: &Session, object: ObjectHandle) -> Option<PublicKey> {
    told_of(session, object).ok().flatten()
}

/// One attribute's bytes, empty ones being as good as none.
pub(super) fn told(
    session: &Session,
    object: ObjectHandle,
    attribute: AttributeType,
) -> Result<Option<Vec<u8>>, Failure> {
    let bytes = match session.get_attributes(object, &[attribute])?.pop() {
        Some(
            Attribute::Modulus(v)
            | Attribute::PublicExponent(v)
            | Attribute::EcPoint(v)
            | Attribute::Value(v)
            | Attribute::PublicKeyInfo(v)
            | Attribute::Id(v)
            | Attribute::Label(v),
        ) => v,
        _ => return Ok(None),
    };
    Ok(Some(bytes).filter(|bytes| !bytes.is_empty()))
}

/// The same, for whoever tells what there is and asks again later: a call that failed told nothing.
pub(super) fn bytes(session: &Session, object: ObjectHandle, attribute: AttributeType) -> Option<Vec<u8>> {
    told(session, object, attribute).ok().flatten()
}

fn rsa(session: &Session, object: ObjectHandle) -> Result<Option<Vec<u8>>, Failure> {
    let Some(modulus) = told(session, object, AttributeType::Modulus)? else { return Ok(None) };
    let exponent = told(session, object, AttributeType::PublicExponent)?;
    Ok(exponent.and_then(|exponent| rsa_spki(&modulus, &exponent).ok()))
}

fn p256(session: &Session, object: ObjectHandle) -> Result<Option<Vec<u8>>, Failure> {
    let told = told(session, object, AttributeType::EcPoint)?;
    Ok(told.and_then(|told| p256_spki(point(&told)?).ok()))
}

fn info(session: &Session, object: ObjectHandle) -> Result<Option<Vec<u8>>, Failure> {
    told(session, object, AttributeType::PublicKeyInfo)
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
