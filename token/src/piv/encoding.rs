//! What a card signs, which does bare RSA and ECDSA: the encoded message of RFC 8017, or a digest.
//!
//! EMSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes (section 9.1.1; RFC 7518 section 3.5), and
//! EMSA-PKCS1-v1_5 (section 9.2). No maintained crate offers the encodings without the private key. A mistake here is a
//! signature that does not verify, and is never released.

use hsm_config::{Algorithm, KeyType};
use sha2::{Digest, Sha256};

use crate::lane::Fault;
use crate::message::Composed;
use crate::random;

/// The DER of a DigestInfo for SHA-256, up to the digest (RFC 8017 section 9.2, note 1).
const DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];
/// The bytes of a SHA-256 digest, and of the salt.
const HASH: usize = 32;
/// What ends every EMSA-PSS encoding.
const TRAILER: u8 = 0xbc;

/// The bytes that a card is given to sign a composed message with a key of this type.
pub(super) fn encode(message: &Composed, key: KeyType) -> Result<Vec<u8>, Fault> {
    let digest: [u8; HASH] = Sha256::digest(message.bytes()).into();
    match (message.algorithm(), modulus_bytes(key)) {
        (Algorithm::ES256, None) if key == KeyType::P256 => Ok(digest.to_vec()),
        (Algorithm::RS256, Some(length)) => Ok(pkcs1(&digest, length)),
        (Algorithm::PS256, Some(length)) => Ok(pss(&digest, &random(), length)),
        (algorithm, _) => Err(Fault::Message(format!("a {key} key does not sign {algorithm}"))),
    }
}

fn modulus_bytes(key: KeyType) -> Option<usize> {
    match key {
        KeyType::Rsa2048 => Some(256),
        KeyType::Rsa3072 => Some(384),
        KeyType::Rsa4096 => Some(512),
        KeyType::P256 | KeyType::Ed25519 => None,
    }
}

/// EMSA-PKCS1-v1_5: 00 01 FF… 00 DigestInfo.
fn pkcs1(digest: &[u8; HASH], length: usize) -> Vec<u8> {
    let filling = length - 3 - DIGEST_INFO.len() - HASH;
    [&[0, 1][..], &vec![0xff; filling], &[0], &DIGEST_INFO, digest].concat()
}

/// EMSA-PSS for a modulus of so many whole bytes: the encoding is one bit shorter.
fn pss(digest: &[u8; HASH], salt: &[u8; HASH], length: usize) -> Vec<u8> {
    let hash: [u8; HASH] =
        Sha256::new().chain_update([0; 8]).chain_update(digest).chain_update(salt).finalize().into();
    let filling = length - 2 * HASH - 2;
    let block = [&vec![0; filling][..], &[1], salt].concat();
    let mut masked: Vec<u8> = block.iter().zip(mgf1(&hash)).map(|(byte, mask)| byte ^ mask).collect();
    masked[0] &= 0x7f;
    [&masked[..], &hash, &[TRAILER]].concat()
}

/// MGF1 with SHA-256, as long as it is asked for (RFC 8017 appendix B.2.1).
fn mgf1(seed: &[u8; HASH]) -> impl Iterator<Item = u8> {
    (0_u32..).flat_map(move |counter| {
        let block: [u8; HASH] =
            Sha256::new().chain_update(seed).chain_update(counter.to_be_bytes()).finalize().into();
        block
    })
}

#[cfg(test)]
mod tests;
