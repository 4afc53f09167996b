//! The algorithms that a TPM's structures may name, as far as Kunci judges by them.
//!
//! SHA-1 is not among them, on purpose: a name or a statement digested with it can be collided. TPM 2.0 Library,
//! part 2, sections 6.3 (TPM_ALG_ID) and 6.4 (TPM_ECC_CURVE).

use aws_lc_rs::{agreement, digest, hmac};

use super::wire::WireError;
use crate::{Curve, Hash};

pub(super) const RSA: u16 = 0x0001;
pub(super) const AES: u16 = 0x0006;
pub(super) const NULL: u16 = 0x0010;
pub(super) const RSASSA: u16 = 0x0014;
pub(super) const RSAES: u16 = 0x0015;
pub(super) const RSAPSS: u16 = 0x0016;
pub(super) const OAEP: u16 = 0x0017;
pub(super) const ECDSA: u16 = 0x0018;
pub(super) const ECDH: u16 = 0x0019;
pub(super) const ECDAA: u16 = 0x001a;
pub(super) const ECC: u16 = 0x0023;
pub(super) const CFB: u16 = 0x0043;

/// Hash functions as a TPM names and uses them.
impl Hash {
    pub(super) fn of_tpm(id: u16) -> Result<Self, WireError> {
        match id {
            0x000b => Ok(Self::Sha256),
            0x000c => Ok(Self::Sha384),
            0x000d => Ok(Self::Sha512),
            _ => Err(WireError::Unsupported("hash algorithm", u32::from(id))),
        }
    }

    /// Its TPM_ALG_ID.
    pub(super) fn tpm_id(self) -> u16 {
        match self {
            Self::Sha256 => 0x000b,
            Self::Sha384 => 0x000c,
            Self::Sha512 => 0x000d,
        }
    }

    pub(super) fn digest(self, bytes: &[u8]) -> digest::Digest {
        digest::digest(self.algorithm(), bytes)
    }

    pub(super) fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        }
    }

    pub(super) fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }
}

/// The curve of a TPM_ECC_CURVE.
pub(super) fn curve(id: u16) -> Result<Curve, WireError> {
    match id {
        0x0003 => Ok(Curve::P256),
        0x0004 => Ok(Curve::P384),
        _ => Err(WireError::Unsupported("curve", u32::from(id))),
    }
}

/// Diffie and Hellman's agreement on a curve.
pub(super) fn agreement(curve: Curve) -> &'static agreement::Algorithm {
    match curve {
        Curve::P256 => &agreement::ECDH_P256,
        Curve::P384 => &agreement::ECDH_P384,
        Curve::P521 => &agreement::ECDH_P521,
    }
}
