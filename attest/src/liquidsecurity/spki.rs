//! The public key of a statement, whose curve goes by a number.

use crate::{Curve, KeyError, PublicKey, spki};

/// OpenSSL's numbers of the curves.
const CURVES: [(u64, Curve); 3] = [(415, Curve::P256), (715, Curve::P384), (716, Curve::P521)];
/// That of secp256k1, and its coordinates' size in bytes. Its points are not looked at: it signs nothing here.
const SECP256K1: (u64, usize) = (714, 32);

/// An RSA key. Zeros may stand before either number.
pub(super) fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<Option<PublicKey>, Curve> {
    read(PublicKey::rsa(modulus, exponent))
}

/// A point on a curve; the curve, where it is none on that.
pub(super) fn ec(curve: u64, point: &[u8]) -> Result<Option<PublicKey>, Curve> {
    if curve == SECP256K1.0 {
        let fits = point.len() == 1 + 2 * SECP256K1.1 && point[0] == 4;
        let info = spki::ec(spki::SECP256K1, point).ok().filter(|_| fits);
        return Ok(info.and_then(|info| PublicKey::from_spki(&info).ok()));
    }
    let Some((_, curve)) = CURVES.iter().find(|(number, _)| *number == curve) else { return Ok(None) };
    read(PublicKey::ec(*curve, point))
}

fn read(key: Result<PublicKey, KeyError>) -> Result<Option<PublicKey>, Curve> {
    match key {
        Err(KeyError::OffCurve(curve)) => Err(curve),
        key => Ok(key.ok()),
    }
}
