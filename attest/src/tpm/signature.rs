//! A TPM's signature over a statement: TPMT_SIGNATURE.
//!
//! RSASSA, RSAPSS and ECDSA, each with SHA-256 or stronger, judged by the key that the evidence names: a scheme that
//! does not fit the key's type verifies nothing. TPM 2.0 Library, part 2, section 11.3.

use der::Encode;
use der::asn1::UintRef;

use super::algorithm as alg;
use super::wire::{Reader, WireError};
use crate::{Curve, Hash, PublicKey, Scheme, SignatureFault};

const WHAT: &str = "signature";
/// The longest signature, in bytes: RSA-4096.
const MAX_SIGNATURE: usize = 512;

/// A signature, in the form that certificates have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    scheme: Scheme,
    bytes: Vec<u8>,
}

impl Signature {
    /// Parses a TPMT_SIGNATURE.
    pub fn parse(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(WHAT, bytes)?;
        let scheme = reader.u16()?;
        let hash = Hash::of_tpm(reader.u16()?)?;
        let (scheme, bytes) = match scheme {
            alg::RSASSA => (Scheme::RsaPkcs1(hash), reader.sized(MAX_SIGNATURE)?.to_vec()),
            alg::RSAPSS => (Scheme::RsaPss(hash), reader.sized(MAX_SIGNATURE)?.to_vec()),
            alg::ECDSA => (Scheme::Ecdsa(hash), numbers(&mut reader)?),
            _ => return Err(WireError::Unsupported("signature scheme", u32::from(scheme))),
        };
        reader.end()?;
        Ok(Self { scheme, bytes })
    }

    /// Whether it is this key's over these bytes.
    pub fn verify(&self, key: &PublicKey, message: &[u8]) -> Result<(), SignatureFault> {
        self.scheme.verify(key, message, &self.bytes)
    }
}

/// r and s, as an ECDSA signature has them in DER (RFC 3279 section 2.2.3).
fn numbers(reader: &mut Reader<'_>) -> Result<Vec<u8>, WireError> {
    let (r, s) = (reader.sized(Curve::P384.bytes())?, reader.sized(Curve::P384.bytes())?);
    let der = || vec![UintRef::new(r)?, UintRef::new(s)?].to_der();
    der().map_err(|_| WireError::Invalid(WHAT))
}
