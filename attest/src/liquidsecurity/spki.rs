//! The public key of a statement as DER, so that it can be compared with any other and be digested (RFC 5480, RFC 8017).

use der::Encode;
use der::asn1::{AnyRef, BitString, Null, UintRef};
use x509_cert::spki::{AlgorithmIdentifier, ObjectIdentifier, SubjectPublicKeyInfo};

use crate::PublicKey;

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// The curves: OpenSSL's number, the identifier, and a coordinate's size in bytes.
const CURVES: [(u64, ObjectIdentifier, usize); 4] = [
    (415, ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), 32),
    (714, ObjectIdentifier::new_unwrap("1.3.132.0.10"), 32),
    (715, ObjectIdentifier::new_unwrap("1.3.132.0.34"), 48),
    (716, ObjectIdentifier::new_unwrap("1.3.132.0.35"), 66),
];

/// An RSA key. Zeros may stand before either number.
pub(super) fn rsa(modulus: &[u8], exponent: &[u8]) -> Option<PublicKey> {
    let key = vec![UintRef::new(modulus).ok()?, UintRef::new(exponent).ok()?].to_der().ok()?;
    key_of(RSA_ENCRYPTION, AnyRef::from(Null), &key)
}

/// An uncompressed point on a curve.
pub(super) fn ec(curve: u64, point: &[u8]) -> Option<PublicKey> {
    let (_, oid, bytes) = CURVES.iter().find(|(number, ..)| *number == curve)?;
    (point.len() == 1 + 2 * bytes && point[0] == 4)
        .then(|| key_of(EC_PUBLIC_KEY, AnyRef::from(oid), point))?
}

fn key_of(oid: ObjectIdentifier, parameters: AnyRef<'_>, bits: &[u8]) -> Option<PublicKey> {
    let algorithm = AlgorithmIdentifier { oid, parameters: Some(parameters) };
    let info = SubjectPublicKeyInfo { algorithm, subject_public_key: BitString::from_bytes(bits).ok()? };
    PublicKey::from_spki(&info.to_der().ok()?).ok()
}
