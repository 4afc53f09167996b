//! Points as SEC 1 writes them (sections 2.3.3 and 2.3.4), read only where they lie on their curve.
//!
//! A public key that is no point has no private key: a device that tells one is broken, or somebody made it up. On P-256 a
//! compressed point is written out, so that one key has one digest; on the other curves it stays as it came.

use aws_lc_rs::signature::{self as lc, UnparsedPublicKey, VerificationAlgorithm};

use p256::elliptic_curve::sec1::ToSec1Point;

use crate::Curve;

/// The forms of SEC 1: compressed, with an even or odd y, and whole. Others are not its.
const FORMS: [u8; 3] = [2, 3, 4];

/// The point, if it is one.
pub(crate) fn read(curve: Curve, point: &[u8]) -> Option<Vec<u8>> {
    if !point.first().is_some_and(|form| FORMS.contains(form)) {
        return None;
    }
    match curve {
        Curve::P256 => p256(point),
        Curve::P384 => checked(&lc::ECDSA_P384_SHA384_ASN1, point),
        Curve::P521 => checked(&lc::ECDSA_P521_SHA512_ASN1, point),
    }
}

fn p256(point: &[u8]) -> Option<Vec<u8>> {
    let key = p256::PublicKey::from_sec1_bytes(point).ok()?;
    Some(key.to_sec1_point(false).as_bytes().to_vec())
}

fn checked(algorithm: &'static dyn VerificationAlgorithm, point: &[u8]) -> Option<Vec<u8>> {
    UnparsedPublicKey::new(algorithm, point).parse().ok().map(|_| point.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{EcdsaKeyPair, KeyPair};

    /// A key's whole point on each curve.
    fn points() -> [(Curve, Vec<u8>); 3] {
        [
            (Curve::P256, &lc::ECDSA_P256_SHA256_ASN1_SIGNING),
            (Curve::P384, &lc::ECDSA_P384_SHA384_ASN1_SIGNING),
            (Curve::P521, &lc::ECDSA_P521_SHA512_ASN1_SIGNING),
        ]
        .map(|(curve, algorithm)| {
            (curve, EcdsaKeyPair::generate(algorithm).unwrap().public_key().as_ref().to_vec())
        })
    }

    #[test]
    fn a_point_is_read_and_one_off_the_curve_is_not() {
        for (curve, mut point) in points() {
            assert_eq!(read(curve, &point), Some(point.clone()), "{curve}");
            *point.last_mut().unwrap() ^= 1;
            assert_eq!(read(curve, &point), None, "{curve}");
        }
    }

    #[test]
    fn a_compressed_point_is_understood_and_on_p_256_written_out() {
        for (curve, point) in points() {
            let (x, odd) = (&point[1..=(point.len() / 2)], point.last().unwrap() & 1);
            let compressed = [&[2 + odd], x].concat();
            let whole = if curve == Curve::P256 { point.clone() } else { compressed.clone() };
            assert_eq!(read(curve, &compressed), Some(whole), "{curve}");
        }
    }

    #[test]
    fn no_other_form_is_a_point() {
        for (curve, point) in points() {
            for form in [0, 1, 5, 6, 7] {
                assert_eq!(read(curve, &[&[form], &point[1..]].concat()), None, "{curve} {form}");
            }
            assert_eq!(read(curve, &[0]), None, "infinity");
            assert_eq!(read(curve, &point[..point.len() - 1]), None);
            assert_eq!(read(curve, &[]), None);
        }
    }
}
