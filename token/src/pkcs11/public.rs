//! A public key as DER, composed from what the token tells of it.
//!
//! RSA keys from CKA_MODULUS and CKA_PUBLIC_EXPONENT, P-256 keys from CKA_EC_POINT (a DER OCTET STRING, of which some
//! modules tell only the content; compressed or not), Ed25519 keys from the same attribute (an OCTET STRING, a BIT STRING or 32 bare
//! bytes), else CKA_PUBLIC_KEY_INFO. Composed, not copied, so that equal keys have
//! equal digests. A call that failed is no word of the key's: what it would have told is not known, and nothing is concluded
//! from that. PKCS#11 v3.1 section 6.3, SEC 1 section 2.3.

use attest::Curve;
use cryptoki::object::{Attribute, AttributeType, ObjectHandle};
use cryptoki::session::Session;
use der::Decode;
use der::asn1::{BitStringRef, ObjectIdentifier, OctetStringRef, PrintableStringRef};

use super::code::Failure;
use crate::PublicKey;
use crate::public_key::KeyError;

/// The length of a P-256 point in bytes, whole (4) and compressed (2 or 3; SEC 1 section 2.3.3).
const WHOLE_BYTES: usize = 65;
const COMPRESSED_BYTES: usize = 33;
/// What an OCTET STRING has before a point.
const OCTET_STRING_BYTES: usize = 2;
/// The length of an Ed25519 key, and how its curve is written: as an OID (RFC 8410 section 3), of old (an OID of GnuPG's), by name.
const ED25519_BYTES: usize = 32;
const ED25519: [ObjectIdentifier; 2] =
    [ObjectIdentifier::new_unwrap("1.3.101.112"), ObjectIdentifier::new_unwrap("1.3.6.1.4.1.11591.15.1")];
const EDWARDS25519: &str = "edwards25519";

/// What an object tells of its public key.
pub(super) enum Told {
    /// Nothing that we can use.
    Nothing,
    /// The key.
    Key(Box<PublicKey>),
    /// A point that lies on P-256, as the token says, and does not.
    OffCurve,
}

impl Told {
    pub(super) fn key(self) -> Option<PublicKey> {
        match self {
            Self::Key(key) => Some(*key),
            Self::Nothing | Self::OffCurve => None,
        }
    }
}

/// The public key that an object tells of, public or private; the failure where it was not to be asked.
pub(super) fn told_of(session: &Session, object: ObjectHandle) -> Result<Told, Failure> {
    let mut failure = None;
    for way in [rsa, p256, ed25519, info] {
        match way(session, object) {
            Ok(Some(told)) => return Ok(told),
            Ok(None) => {}
            // What a module answers for an attribute of another type of key may be a code of its own.
            Err(why) => failure = failure.or(Some(why)),
        }
    }
    failure.map_or(Ok(Told::Nothing), Err)
}

/// The same, for whoever tells what there is and asks again later: a call that failed told nothing.
pub(super) fn of_object(session: &Session, object: ObjectHandle) -> Told {
    told_of(session, object).unwrap_or(Told::Nothing)
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
            | Attribute::EcParams(v)
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

fn rsa(session: &Session, object: ObjectHandle) -> Result<Option<Told>, Failure> {
    let Some(modulus) = told(session, object, AttributeType::Modulus)? else { return Ok(None) };
    let exponent = told(session, object, AttributeType::PublicExponent)?;
    Ok(exponent.map(|exponent| read(attest::PublicKey::rsa(&modulus, &exponent))))
}

fn p256(session: &Session, object: ObjectHandle) -> Result<Option<Told>, Failure> {
    let Some(told) = told(session, object, AttributeType::EcPoint)? else { return Ok(None) };
    // Coordinates of half of all points of other curves of that size are coordinates on this one, too.
    let is_short = told.len() <= COMPRESSED_BYTES + OCTET_STRING_BYTES;
    if is_short && !names_p256(session, object) {
        return Ok(None);
    }
    Ok(match point(&told) {
        // A point of another curve with coordinates of that size is of no use, and no lie.
        Some(Told::OffCurve) if !names_p256(session, object) => Some(Told::Nothing),
        told => told,
    })
}

fn ed25519(session: &Session, object: ObjectHandle) -> Result<Option<Told>, Failure> {
    let Some(told) = told(session, object, AttributeType::EcPoint)? else { return Ok(None) };
    if !names_ed25519(session, object) {
        return Ok(None);
    }
    Ok(edwards(&told).map(|key| read(attest::PublicKey::ed25519(key))))
}

fn info(session: &Session, object: ObjectHandle) -> Result<Option<Told>, Failure> {
    let info = told(session, object, AttributeType::PublicKeyInfo)?;
    Ok(info.map(|info| read(attest::PublicKey::from_spki(&info))))
}

/// The content of an OCTET STRING, or all of it. Bare points begin like one, and only the curve tells them apart for sure.
fn point(told: &[u8]) -> Option<Told> {
    let inner = <&OctetStringRef>::from_der(told).ok().map(OctetStringRef::as_bytes);
    let points = [inner, Some(told)].into_iter().flatten().filter(|point| is_point(point));
    let mut read = points.map(|point| read(attest::PublicKey::ec(Curve::P256, point)));
    let first = read.next()?;
    Some(read.find(|other| matches!(other, Told::Key(_))).unwrap_or(first))
}

/// The 32 bytes of an Ed25519 key, whichever string they are wrapped in.
fn edwards(told: &[u8]) -> Option<&[u8]> {
    let octets = <&OctetStringRef>::from_der(told).ok().map(OctetStringRef::as_bytes);
    let bits = BitStringRef::from_der(told).ok().and_then(|bits| bits.as_bytes());
    [Some(told), octets, bits].into_iter().flatten().find(|key| key.len() == ED25519_BYTES)
}

fn is_point(bytes: &[u8]) -> bool {
    match bytes.first() {
        Some(4) => bytes.len() == WHOLE_BYTES,
        Some(2 | 3) => bytes.len() == COMPRESSED_BYTES,
        _ => false,
    }
}

/// Whether the object's CKA_EC_PARAMS are the identifier of P-256.
fn names_p256(session: &Session, object: ObjectHandle) -> bool {
    let told = bytes(session, object, AttributeType::EcParams);
    told.is_some_and(|told| ObjectIdentifier::from_der(&told) == Ok(Curve::P256.oid()))
}

fn names_ed25519(session: &Session, object: ObjectHandle) -> bool {
    let Some(told) = bytes(session, object, AttributeType::EcParams) else { return false };
    let by_oid = ObjectIdentifier::from_der(&told).is_ok_and(|oid| ED25519.contains(&oid));
    by_oid || PrintableStringRef::from_der(&told).is_ok_and(|name| name.as_str() == EDWARDS25519)
}

fn read(key: Result<attest::PublicKey, attest::KeyError>) -> Told {
    match key.map_err(KeyError::from).and_then(PublicKey::try_from) {
        Ok(key) => Told::Key(Box::new(key)),
        Err(KeyError::OffCurve(_)) => Told::OffCurve,
        Err(KeyError::Malformed | KeyError::Unsupported) => Told::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};

    fn some_point() -> Vec<u8> {
        EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap().public_key().as_ref().to_vec()
    }

    fn wrapped(point: &[u8]) -> Vec<u8> {
        [&[4, u8::try_from(point.len()).unwrap()], point].concat()
    }

    fn bits(told: &[u8]) -> Option<Vec<u8>> {
        point(told)?.key().map(|key| key.bits().to_vec())
    }

    /// Enough that a bare point begins like an OCTET STRING that is all of it (one x in 256 does).
    #[test]
    fn a_point_is_read_with_and_without_its_octet_string_compressed_and_not() {
        let odd = |whole: &[u8]| whole[64] & 1;
        for whole in (0..2000).map(|_| some_point()) {
            let compressed = [&[2 + odd(&whole)], &whole[1..33]].concat();
            for told in [&whole, &wrapped(&whole), &compressed, &wrapped(&compressed)] {
                assert_eq!(bits(told).as_ref(), Some(&whole), "{told:02x?}");
            }
        }
    }

    #[test]
    fn a_point_off_the_curve_is_told_from_what_is_none() {
        let mut off = some_point();
        off[64] ^= 1;
        assert!(matches!(point(&off), Some(Told::OffCurve)));
        assert!(matches!(point(&wrapped(&off)), Some(Told::OffCurve)));
        assert!(point(&off[..64]).is_none() && point(&[]).is_none());
    }

    #[test]
    fn an_ed25519_key_is_read_from_an_octet_string_a_bit_string_and_bare() {
        let key = [7; ED25519_BYTES];
        let bits = [&[3, 33, 0][..], &key].concat();
        for told in [&wrapped(&key)[..], &bits, &key] {
            assert_eq!(edwards(told), Some(&key[..]), "{told:02x?}");
        }
        // Of these 32 bytes the first two look like an OCTET STRING of the other thirty.
        let bare = [&[4, 30][..], &[7; 30]].concat();
        assert_eq!(edwards(&bare), Some(&bare[..]));
        assert!(edwards(&key[1..]).is_none() && edwards(&[]).is_none());
    }
}
