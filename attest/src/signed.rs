//! What certificates and requests share: a body, an algorithm, and a signature over the body's very bytes.
//!
//! The body is never encoded anew: what is verified is what came (RFC 5280 section 4.1, RFC 2986 section 4.2).

use der::asn1::BitStringRef;
use der::{Decode, Reader, SliceReader};
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::{PublicKey, Scheme, SignatureFault};

/// A signed structure, taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    /// The bytes that are signed.
    pub(crate) body: Vec<u8>,
    pub(crate) algorithm: AlgorithmIdentifierOwned,
    signature: Vec<u8>,
}

impl Signed {
    /// SEQUENCE { body, AlgorithmIdentifier, BIT STRING }, with nothing after it.
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, der::Error> {
        let mut reader = SliceReader::new(der)?;
        let signed = reader.sequence(|inner| {
            let body = inner.tlv_bytes()?.to_vec();
            let algorithm = AlgorithmIdentifierOwned::decode(inner)?;
            let bits = BitStringRef::decode(inner)?;
            let signature = bits.as_bytes().ok_or(der::Tag::BitString.value_error())?.to_vec();
            Ok::<_, der::Error>(Self { body, algorithm, signature })
        })?;
        reader.finish()?;
        Ok(signed)
    }

    /// Whether `key` signed the body.
    pub(crate) fn verify(&self, key: &PublicKey) -> Result<(), SignatureFault> {
        Scheme::of(&self.algorithm)?.verify(key, &self.body, &self.signature)
    }
}
