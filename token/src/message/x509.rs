//! How a key on a token takes part in rcgen's encoding: first to learn the bytes to sign, then to place a signature.
//!
//! rcgen asks a [`rcgen::SigningKey`] for a signature while it encodes. [`Capture`] answers with nothing and keeps
//! the message; [`Ready`] answers with the signature that the token made over that message.

use std::cell::RefCell;

use hsm_config::KeyType;
use rcgen::{Error, PublicKeyData, SignatureAlgorithm, SigningKey};

use super::MessageError;
use crate::public_key::PublicKey;

/// Keeps the message that rcgen wants signed.
pub(crate) struct Capture<'a> {
    key: &'a PublicKey,
    message: RefCell<Vec<u8>>,
}

/// Hands rcgen a signature that exists already.
pub(crate) struct Ready<'a> {
    key: &'a PublicKey,
    signature: Vec<u8>,
}

impl<'a> Capture<'a> {
    pub(crate) fn new(key: &'a PublicKey) -> Self {
        Self { key, message: RefCell::default() }
    }

    pub(crate) fn into_message(self) -> Vec<u8> {
        self.message.into_inner()
    }
}

impl<'a> Ready<'a> {
    pub(crate) fn new(key: &'a PublicKey, signature: Vec<u8>) -> Self {
        Self { key, signature }
    }
}

impl SigningKey for Capture<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.message.replace(message.to_vec());
        Ok(Vec::new())
    }
}

impl SigningKey for Ready<'_> {
    fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.signature.clone())
    }
}

impl PublicKeyData for Capture<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.key.bits()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        algorithm(self.key)
    }
}

impl PublicKeyData for Ready<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.key.bits()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        algorithm(self.key)
    }
}

fn algorithm(key: &PublicKey) -> &'static SignatureAlgorithm {
    match key.kind() {
        KeyType::P256 => &rcgen::PKCS_ECDSA_P256_SHA256,
        KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::Rsa4096 => &rcgen::PKCS_RSA_SHA256,
        KeyType::Ed25519 => &rcgen::PKCS_ED25519,
    }
}

/// A raw signature in X.509's form, which is that of signed notes, too: for P-256 the DER ECDSA-Sig-Value of r ‖ s (RFC 5480), for the others as it is.
pub(crate) fn signature(key: &PublicKey, raw: &[u8]) -> Result<Vec<u8>, MessageError> {
    if key.kind() != KeyType::P256 {
        return Ok(raw.to_vec());
    }
    let signature = p256::ecdsa::Signature::from_slice(raw).map_err(|_| MessageError::Signature)?;
    Ok(signature.to_der().as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> PublicKey {
        // The generator of P-256 is as good a public key as any for what is tested here.
        let spki = "3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a1\
                    3945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
        let bytes: Vec<u8> =
            (0..spki.len()).step_by(2).map(|i| u8::from_str_radix(&spki[i..i + 2], 16).unwrap()).collect();
        PublicKey::from_spki(&bytes).unwrap()
    }

    /// Reads a DER INTEGER strictly and gives its 32 bytes back.
    fn integer(der: &[u8]) -> ([u8; 32], &[u8]) {
        assert_eq!(der[0], 2);
        let (body, rest) = der[2..].split_at(der[1].into());
        assert!(body[0] < 0x80, "negative");
        assert!(body.len() == 1 || body[0] != 0 || body[1] >= 0x80, "not the shortest form");
        let digits = if body.len() == 33 { &body[1..] } else { body };
        let mut whole = [0; 32];
        whole[32 - digits.len()..].copy_from_slice(digits);
        (whole, rest)
    }

    proptest! {
        #[test]
        fn r_and_s_keep_their_values_through_der(
            mut r in any::<[u8; 32]>(), mut s in any::<[u8; 32]>(), r_zeros in 0usize..32, s_zeros in 0usize..32,
        ) {
            r[..r_zeros].fill(0);
            s[..s_zeros].fill(0);
            prop_assume!([r, s].iter().all(|half| *half != [0; 32]));
            let der = signature(&key(), &[r, s].concat()).unwrap();
            prop_assert_eq!((der[0], usize::from(der[1])), (0x30, der.len() - 2));
            let (r_back, rest) = integer(&der[2..]);
            let (s_back, rest) = integer(rest);
            prop_assert_eq!((r_back, s_back, rest.len()), (r, s, 0));
        }

        #[test]
        fn a_raw_signature_of_another_length_is_refused(raw in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assume!(raw.len() != 64);
            prop_assert!(signature(&key(), &raw).is_err());
        }
    }
}
