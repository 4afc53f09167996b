//! The auditor's challenge: a secret sealed to one TPM's endorsement key and one attestation key, and a nonce.
//!
//! Two JSON files come of it. The challenge goes to the vendor and may be read by anybody; the answer stays with the
//! auditor. Whoever sees the answer before the evidence is in can pretend to have that TPM.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::credential::{NotSealed, Recipient, SECRET};
use super::public::{Name, Public, PublicPart};
use crate::{Curve, Hash, Sha256, hex};

/// The `format` of a challenge.
pub const CHALLENGE: &str = "kunci-challenge/1";
/// The `format` of a challenge's answer.
pub const ANSWER: &str = "kunci-challenge-secret/1";
/// The largest file of either, in bytes.
const MAX_FILE: usize = 64 * 1024;
/// How long the nonce is, in bytes.
const NONCE: usize = 32;

/// The file that goes to the vendor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// `kunci-challenge/1`
    pub format: String,
    /// TPM2B_ID_OBJECT, base64.
    pub credential_blob: String,
    /// TPM2B_ENCRYPTED_SECRET, base64.
    pub encrypted_secret: String,
    /// What TPM2_CertifyCreation or TPM2_Certify signs with the key's name, hexadecimal.
    pub nonce: String,
    /// SHA-256 of the endorsement key's SubjectPublicKeyInfo, hexadecimal.
    pub ek_sha256: String,
    /// The attestation key's name, hexadecimal.
    pub ak_name: String,
}

/// The file that stays with the auditor.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    format: String,
    secret: Zeroizing<String>,
    nonce: String,
    ek_sha256: String,
    ak_name: String,
}

/// Why there is no challenge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    /// The attestation key would sign what anybody asks of it, or could be elsewhere.
    #[error(
        "the attestation key must be {0}, and its attributes ({1}) say that it is not: make it with tpm2_createak"
    )]
    NotAttesting(&'static str, String),
    /// Not an endorsement key that a secret can be sealed to.
    #[error("the endorsement key is neither RSA of 2048 bits or more nor on P-256 or P-384")]
    Endorsement,
    /// The machine gives no randomness, or the key takes no secret.
    #[error("nothing can be sealed to this endorsement key")]
    Sealing(#[from] NotSealed),
    /// Not the file that it should be.
    #[error("this is no {0} file")]
    Format(&'static str),
}

/// An endorsement key as the auditor knows it.
pub struct Endorsement {
    key: PublicPart,
    hash: Hash,
    aes_bits: u16,
}

impl Endorsement {
    /// From its certificate's public key. Its template is then the TCG's default one for that key (EK Credential
    /// Profile 2.5, annex B): SHA-256 and AES-128, on P-384 SHA-384 and AES-256.
    pub fn from_spki(spki: &[u8]) -> Result<Self, ChallengeError> {
        let key = PublicPart::from_spki(spki).ok_or(ChallengeError::Endorsement)?;
        let (hash, aes_bits) = match &key {
            PublicPart::Ecc { curve: Curve::P384, .. } => (Hash::Sha384, 256),
            _ => (Hash::Sha256, 128),
        };
        Ok(Self { key, hash, aes_bits })
    }

    /// From its public area, which says all of it.
    pub fn from_public(public: &Public) -> Result<Self, ChallengeError> {
        let aes_bits = public.aes_bits().ok_or(ChallengeError::Endorsement)?;
        Ok(Self { key: public.key().clone(), hash: public.name_alg(), aes_bits })
    }

    /// Makes a challenge to this key and an attestation key.
    pub fn challenge(&self, ak: &Public) -> Result<(Challenge, Answer), ChallengeError> {
        attesting(ak)?;
        let (mut secret, mut nonce) = (Zeroizing::new([0; SECRET]), [0; NONCE]);
        aws_lc_rs::rand::fill(&mut *secret)
            .and_then(|()| aws_lc_rs::rand::fill(&mut nonce))
            .map_err(|_| NotSealed)?;
        let name = ak.name();
        let recipient = Recipient { key: &self.key, hash: self.hash, aes_bits: self.aes_bits };
        let sealed = recipient.seal(&name, &secret)?;
        let (nonce, ak_name) = (hex::text(&nonce), name.to_string());
        let ek_sha256 = Sha256::of(&self.key.to_spki()).to_string();
        let answer = Answer {
            format: ANSWER.to_owned(),
            secret: Zeroizing::new(hex::text(&*secret)),
            nonce: nonce.clone(),
            ek_sha256: ek_sha256.clone(),
            ak_name: ak_name.clone(),
        };
        let challenge = Challenge {
            format: CHALLENGE.to_owned(),
            credential_blob: STANDARD.encode(sealed.blob),
            encrypted_secret: STANDARD.encode(sealed.seed),
            nonce,
            ek_sha256,
            ak_name,
        };
        Ok((challenge, answer))
    }
}

/// A key whose statements are worth something: the first promise that its attributes do not make.
pub(super) fn attesting(ak: &Public) -> Result<(), ChallengeError> {
    let attributes = ak.attributes();
    let promises = [
        (attributes.signs(), "a signing key"),
        (attributes.restricted(), "restricted, so that it signs only what the TPM composed"),
        (!attributes.decrypts(), "no decryption key"),
        (attributes.stays(), "fixed to its TPM and parent"),
        (attributes.made_inside(), "made inside its TPM"),
    ];
    match promises.iter().find(|(kept, _)| !kept) {
        None => Ok(()),
        Some((_, promise)) => Err(ChallengeError::NotAttesting(promise, attributes.to_string())),
    }
}

impl Answer {
    /// Reads the auditor's file.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ChallengeError> {
        let parsed: Option<Self> =
            (bytes.len() <= MAX_FILE).then(|| serde_json::from_slice(bytes).ok()).flatten();
        parsed.filter(|answer| answer.format == ANSWER).ok_or(ChallengeError::Format(ANSWER))
    }

    /// The auditor's file. Keep it from everybody until the evidence is in.
    pub fn to_json(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Whether this is what TPM2_ActivateCredential gave out, in lower-case hexadecimal.
    pub fn opens(&self, activated: &str) -> bool {
        aws_lc_rs::constant_time::verify_slices_are_equal(activated.as_bytes(), self.secret.as_bytes())
            .is_ok()
    }

    /// Whether the statement was made for this challenge.
    pub fn asked_with(&self, nonce: &[u8]) -> bool {
        hex::text(nonce) == self.nonce
    }

    /// Whether it was sealed to this attestation key.
    pub fn is_for(&self, ak: &Name) -> bool {
        ak.to_string() == self.ak_name
    }

    /// Whether it was sealed to the endorsement key with this SubjectPublicKeyInfo.
    pub fn is_to(&self, ek: &PublicPart) -> bool {
        Sha256::of(&ek.to_spki()).to_string() == self.ek_sha256
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer(for {})", self.ak_name)
    }
}
