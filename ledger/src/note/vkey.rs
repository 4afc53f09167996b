//! Verifier keys (C2SP signed-note): `NAME+ID+BASE64`, which is how an auditor is told of a key.
//!
//! A key is taken only with the id that its name and bytes have, and only if its bytes are a key: P-256 as the one DER
//! form that a SubjectPublicKeyInfo with a whole point has.

use std::{fmt, str::FromStr};

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, ML_DSA_44, ParsedPublicKey, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};

use super::cosignature::{cosignature_message, message_of};

/// The first four bytes of a digest that tells keys of one name apart. It is short: it names a key and proves nothing.
pub type KeyId = [u8; 4];

/// The longest name of a key, in bytes: what a cosignature by ML-DSA-44 can name.
pub(crate) const MAX_NAME_BYTES: usize = 255;

/// The longest vkey, in bytes: ML-DSA-44 has keys of 1,312 bytes.
const MAX_VKEY_BYTES: usize = MAX_NAME_BYTES + 2048;

/// The latest time of a cosignature (C2SP tlog-cosignature).
const MAX_TIME: u64 = i64::MAX as u64;

/// SubjectPublicKeyInfo of P-256 up to its 65 bytes of a point (RFC 5480).
const P256_SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Bytes of a P-256 SubjectPublicKeyInfo.
const P256_BYTES: usize = P256_SPKI.len() + 65;

/// How a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureType {
    /// Ed25519 over the note's text.
    Ed25519 = 0x01,
    /// ECDSA with P-256 and SHA-256 over the note's text; the signature is DER, the key a SubjectPublicKeyInfo.
    EcdsaP256 = 0x02,
    /// Ed25519 over a time and a checkpoint's text (C2SP tlog-cosignature).
    CosignatureEd25519 = 0x04,
    /// ML-DSA-44 over a time and a checkpoint (C2SP tlog-cosignature).
    CosignatureMlDsa44 = 0x06,
}

/// The public key of somebody who signs notes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Vkey {
    name: String,
    kind: SignatureType,
    key: Vec<u8>,
}

/// The text or the bytes are no verifier key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadVkey {
    /// Not of three parts, or too long.
    #[error("it is not NAME+ID+KEY, as the log's operator hands it out")]
    Shape,
    /// The name is empty, too long, or has blanks in it.
    #[error("a key's name is 1 to {MAX_NAME_BYTES} bytes without blanks, control characters and +")]
    Name,
    /// The id is another key's.
    #[error("the eight digits do not belong to this name and key: a character was lost or changed")]
    Id,
    /// No such type of signature is known.
    #[error("keys of this type are not known: only Ed25519, P-256 and cosignatures by Ed25519 or ML-DSA-44")]
    Type,
    /// The bytes are no key of that type.
    #[error("the bytes are not a public key of their type")]
    Key,
}

impl SignatureType {
    fn of(byte: u8) -> Option<Self> {
        [Self::Ed25519, Self::EcdsaP256, Self::CosignatureEd25519, Self::CosignatureMlDsa44]
            .into_iter()
            .find(|kind| *kind as u8 == byte)
    }

    fn algorithm(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::Ed25519 | Self::CosignatureEd25519 => &ED25519,
            Self::EcdsaP256 => &ECDSA_P256_SHA256_ASN1,
            Self::CosignatureMlDsa44 => &ML_DSA_44,
        }
    }

    /// Whether such a key says when it signed, and signs checkpoints only.
    pub fn is_cosignature(self) -> bool {
        matches!(self, Self::CosignatureEd25519 | Self::CosignatureMlDsa44)
    }
}

impl Vkey {
    /// A key by its name and its bytes: 32 of Ed25519, a SubjectPublicKeyInfo of P-256, 1,312 of ML-DSA-44.
    pub fn new(name: &str, kind: SignatureType, key: &[u8]) -> Result<Self, BadVkey> {
        if !is_name(name) || name.len() > MAX_NAME_BYTES {
            return Err(BadVkey::Name);
        }
        let is_whole_point = key.len() == P256_BYTES && key.starts_with(&P256_SPKI);
        if kind == SignatureType::EcdsaP256 && !is_whole_point {
            return Err(BadVkey::Key);
        }
        ParsedPublicKey::new(kind.algorithm(), key).map_err(|_| BadVkey::Key)?;
        Ok(Self { name: name.to_owned(), kind, key: key.to_vec() })
    }

    /// Of a log's key: the log's origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it signs.
    pub fn kind(&self) -> SignatureType {
        self.kind
    }

    /// The public key's bytes.
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// What tells it from other keys of its name.
    pub fn id(&self) -> KeyId {
        let digest = match self.kind {
            // As the witnesses have it that brought this type.
            SignatureType::EcdsaP256 => Sha256::digest(&self.key),
            kind => Sha256::new()
                .chain_update(&self.name)
                .chain_update([b'\n', kind as u8])
                .chain_update(&self.key)
                .finalize(),
        };
        let [a, b, c, d, ..] = <[u8; 32]>::from(digest);
        [a, b, c, d]
    }

    /// Whether the key signed this text; of a cosignature, when.
    pub(crate) fn verify(&self, text: &str, signature: &[u8]) -> Result<Option<u64>, Wrong> {
        if !self.kind.is_cosignature() {
            return self.check(text.as_bytes(), signature).map(|()| None);
        }
        let (time, signature) = signature.split_first_chunk().ok_or(Wrong)?;
        let time = u64::from_be_bytes(*time);
        if time > MAX_TIME {
            return Err(Wrong);
        }
        let message = match self.kind {
            SignatureType::CosignatureEd25519 => cosignature_message(time, text).into_bytes(),
            _ => message_of(&self.name, time, text).ok_or(Wrong)?,
        };
        self.check(&message, signature).map(|()| Some(time))
    }

    fn check(&self, message: &[u8], signature: &[u8]) -> Result<(), Wrong> {
        let key = UnparsedPublicKey::new(self.kind.algorithm(), &self.key);
        key.verify(message, signature).map_err(|_| Wrong)
    }
}

/// A signature that its key did not make.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wrong;

/// Whether a key may have this name.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

impl FromStr for Vkey {
    type Err = BadVkey;

    fn from_str(text: &str) -> Result<Self, BadVkey> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(BadVkey::Shape);
        };
        if text.len() > MAX_VKEY_BYTES {
            return Err(BadVkey::Shape);
        }
        let bytes = BASE64_STANDARD.decode(key).map_err(|_| BadVkey::Shape)?;
        let (kind, key) = bytes.split_first().ok_or(BadVkey::Shape)?;
        let vkey = Self::new(name, SignatureType::of(*kind).ok_or(BadVkey::Type)?, key)?;
        let is_id = base16ct::lower::decode_vec(id).is_ok_and(|id| id == vkey.id());
        if is_id { Ok(vkey) } else { Err(BadVkey::Id) }
    }
}

impl fmt::Display for Vkey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.kind as u8], self.key.as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, crate::hex(&self.id()), BASE64_STANDARD.encode(key))
    }
}
