//! A secret that only one TPM can open, and only if it holds one certain key: TPM2_MakeCredential, in software.
//!
//! The auditor seals a random secret to the endorsement key and to the attestation key's name. TPM2_ActivateCredential
//! gives it out only where both are in the same TPM; whoever returns it has proved that, so it must be kept secret
//! until then. The protocol is ours, its primitives are not. TPM 2.0 Library, part 1, section 24, and annexes B.10.4
//! and C.6.4.

use aws_lc_rs::agreement::{self, EphemeralPrivateKey, UnparsedPublicKey};
use aws_lc_rs::cipher::{EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{self, OaepAlgorithm, OaepPublicEncryptingKey, PublicEncryptingKey};
use aws_lc_rs::{cipher, hmac, rand};
use zeroize::Zeroizing;

use super::algorithm as alg;
use super::kdf::{kdf_a, kdf_e};
use super::public::{Name, PublicPart};
use super::wire::put_sized;
use crate::{Curve, Hash};

/// How long the secret is, in bytes.
pub const SECRET: usize = 32;
/// The label of the seed; in OAEP it ends with its zero.
const IDENTITY: &str = "IDENTITY";
const IDENTITY_OAEP: &[u8] = b"IDENTITY\0";

/// The endorsement key's side: its public key and what protects what is sent to it.
pub struct Recipient<'a> {
    /// The public key.
    pub key: &'a PublicPart,
    /// The digest of its name.
    pub hash: Hash,
    /// Bits of its AES.
    pub aes_bits: u16,
}

/// What goes to the TPM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// TPM2B_ID_OBJECT
    pub blob: Vec<u8>,
    /// TPM2B_ENCRYPTED_SECRET
    pub seed: Vec<u8>,
}

/// The secret cannot be sealed to this key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing can be sealed to this endorsement key")]
pub struct NotSealed;

impl From<aws_lc_rs::error::Unspecified> for NotSealed {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self
    }
}

impl Recipient<'_> {
    /// Seals a secret to this key and to a name.
    pub fn seal(&self, name: &Name, secret: &[u8; SECRET]) -> Result<Credential, NotSealed> {
        let (seed, wrapped) = match self.key {
            PublicPart::Rsa { .. } => self.rsa_seed()?,
            PublicPart::Ecc { curve, x, .. } => self.ecc_seed(*curve, x)?,
        };
        let identity = self.encrypt(&seed, name, secret)?;
        let digest_bits = self.digest_bits();
        let key = kdf_a(self.hash, &seed, "INTEGRITY", [&[], &[]], digest_bits);
        let mut mac = hmac::Context::with_key(&hmac::Key::new(self.hash.hmac(), &key));
        mac.update(&identity);
        mac.update(name.as_bytes());
        let mut object = Vec::new();
        put_sized(&mut object, mac.sign().as_ref());
        object.extend_from_slice(&identity);
        let (mut blob, mut seed) = (Vec::new(), Vec::new());
        put_sized(&mut blob, &object);
        put_sized(&mut seed, &wrapped);
        Ok(Credential { blob, seed })
    }

    /// The secret, as a sized buffer, under a key that the seed and the name give.
    fn encrypt(&self, seed: &[u8], name: &Name, secret: &[u8; SECRET]) -> Result<Vec<u8>, NotSealed> {
        let key = kdf_a(self.hash, seed, "STORAGE", [name.as_bytes(), &[]], u32::from(self.aes_bits));
        let algorithm = match self.aes_bits {
            128 => &cipher::AES_128,
            256 => &cipher::AES_256,
            _ => return Err(NotSealed),
        };
        let key = EncryptingKey::cfb128(UnboundCipherKey::new(algorithm, &key)?)?;
        let mut sealed = Vec::new();
        put_sized(&mut sealed, secret);
        // The key is used once, so its vector may be zero, as the protocol has it.
        key.less_safe_encrypt(&mut sealed, EncryptionContext::Iv128(FixedLength::from([0; 16])))?;
        Ok(sealed)
    }

    fn rsa_seed(&self) -> Result<(Zeroizing<Vec<u8>>, Vec<u8>), NotSealed> {
        let mut seed = Zeroizing::new(vec![0; self.digest_bits() as usize / 8]);
        rand::fill(&mut seed)?;
        let key = PublicEncryptingKey::from_der(&self.key.to_spki()).map_err(|_| NotSealed)?;
        let key = OaepPublicEncryptingKey::new(key)?;
        let mut wrapped = vec![0; key.ciphertext_size()];
        let length = key.encrypt(self.oaep(), &seed, &mut wrapped, Some(IDENTITY_OAEP))?.len();
        wrapped.truncate(length);
        Ok((seed, wrapped))
    }

    fn ecc_seed(&self, curve: Curve, x: &[u8]) -> Result<(Zeroizing<Vec<u8>>, Vec<u8>), NotSealed> {
        let ours = EphemeralPrivateKey::generate(alg::agreement(curve), &SystemRandom::new())?;
        let public = ours.compute_public_key()?;
        let (our_x, our_y) = point(public.as_ref(), curve).ok_or(NotSealed)?;
        let theirs = UnparsedPublicKey::new(alg::agreement(curve), self.key.to_bits());
        let (hash, bits) = (self.hash, self.digest_bits());
        let seed = agreement::agree_ephemeral(ours, theirs, NotSealed, |z| {
            Ok(kdf_e(hash, z, IDENTITY, [our_x, x], bits))
        })?;
        let mut wrapped = Vec::new();
        put_sized(&mut wrapped, our_x);
        put_sized(&mut wrapped, our_y);
        Ok((seed, wrapped))
    }

    fn digest_bits(&self) -> u32 {
        match self.hash {
            Hash::Sha256 => 256,
            Hash::Sha384 => 384,
            Hash::Sha512 => 512,
        }
    }

    fn oaep(&self) -> &'static OaepAlgorithm {
        match self.hash {
            Hash::Sha256 => &rsa::OAEP_SHA256_MGF1SHA256,
            Hash::Sha384 => &rsa::OAEP_SHA384_MGF1SHA384,
            Hash::Sha512 => &rsa::OAEP_SHA512_MGF1SHA512,
        }
    }
}

/// The coordinates of an uncompressed point (SEC 1 section 2.3.3).
fn point(bytes: &[u8], curve: Curve) -> Option<(&[u8], &[u8])> {
    let coordinates = bytes.strip_prefix(&[4])?;
    coordinates.split_at_checked(curve.bytes()).filter(|(x, y)| x.len() == y.len())
}
