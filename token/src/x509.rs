//! How a key on a token takes part in rcgen's encoding: first to learn the bytes to sign, then to place a signature.
//!
//! rcgen asks a [`rcgen::SigningKey`] for a signature while it encodes. [`Capture`] answers with nothing and keeps
//! the message; [`Ready`] answers with the signature that the token made over that message.

use std::cell::RefCell;

use der::Encode;
use der::asn1::UintRef;
use hsm_config::KeyType;
use rcgen::{Error, PublicKeyData, SignatureAlgorithm, SigningKey};

use crate::message::MessageError;
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
    }
}

/// A raw signature in X.509's form: for P-256 the DER ECDSA-Sig-Value of r ‖ s (RFC 5480), for RSA as it is.
pub(crate) fn signature(key: &PublicKey, raw: &[u8]) -> Result<Vec<u8>, MessageError> {
    if key.kind() != KeyType::P256 {
        return Ok(raw.to_vec());
    }
    let (r, s) = raw.split_at_checked(32).filter(|(_, s)| s.len() == 32).ok_or(MessageError::Signature)?;
    let pair = [UintRef::new(r), UintRef::new(s)];
    let [Ok(r), Ok(s)] = pair else { return Err(MessageError::Signature) };
    vec![r, s].to_der().map_err(|_| MessageError::Signature)
}
