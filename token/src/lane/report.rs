//! What a host says of its token and of the keys on it: asserted by the module, never more.

use attest::Grade;
use hsm_config::{Flaw, KeyType};
use serde::{Deserialize, Serialize};

use crate::{KeyId, PublicKey, Sha256};

/// How much of a label is told, in bytes: more than any of ours has.
pub const MAX_LABEL: usize = 128;

/// What C_GetTokenInfo and C_GetInfo say (PKCS#11 sections 3.1, 3.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenReport {
    /// CK_TOKEN_INFO label, trimmed.
    pub label: String,
    /// CK_TOKEN_INFO manufacturerID, trimmed.
    pub manufacturer: String,
    /// CK_TOKEN_INFO model, trimmed.
    pub model: String,
    /// CK_TOKEN_INFO serialNumber, trimmed.
    pub serial: String,
    /// CK_INFO libraryDescription and version.
    pub library: String,
    /// A soft token, by its [signs](attest::Signs).
    pub software: bool,
    /// Whether it holds a key that may wrap others; only a survey looks for one.
    pub wrapping_key: bool,
}

/// A key that carries a label of Kunci's, or was just generated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyReport {
    /// CKA_ID, where it has our 16 bytes.
    pub id: Option<KeyId>,
    /// CKA_LABEL, of which a longer one than [`MAX_LABEL`] tells only its beginning.
    pub label: String,
    /// DER SubjectPublicKeyInfo composed from the public attributes; empty when no public key object is found.
    pub spki: Vec<u8>,
    /// The type, where Kunci knows it.
    pub kind: Option<KeyType>,
    /// The attributes as read back.
    pub attributes: Attributes,
    /// Each requirement that it fails; empty on a good key.
    pub flaws: Vec<Flaw>,
    /// SHA-256 of the certificate stored with the same CKA_ID.
    pub certificate_sha256: Option<Sha256>,
}

/// The private key's attributes (PKCS#11 sections 4.8, 4.9). An attribute that the module does not tell is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributes {
    /// CKA_SENSITIVE
    pub sensitive: Option<bool>,
    /// CKA_EXTRACTABLE
    pub extractable: Option<bool>,
    /// CKA_ALWAYS_SENSITIVE
    pub always_sensitive: Option<bool>,
    /// CKA_NEVER_EXTRACTABLE
    pub never_extractable: Option<bool>,
    /// CKA_LOCAL
    pub local: Option<bool>,
    /// CKA_PRIVATE
    pub private: Option<bool>,
    /// CKA_MODIFIABLE
    pub modifiable: Option<bool>,
    /// CKA_COPYABLE
    pub copyable: Option<bool>,
    /// CKA_SIGN
    pub sign: Option<bool>,
    /// CKA_DECRYPT
    pub decrypt: Option<bool>,
    /// CKA_UNWRAP
    pub unwrap: Option<bool>,
    /// CKA_DERIVE
    pub derive: Option<bool>,
    /// CKA_SIGN_RECOVER
    pub sign_recover: Option<bool>,
    /// CKA_ALWAYS_AUTHENTICATE: whether it wants the PIN for each signature.
    pub always_authenticate: Option<bool>,
    /// Whether CKA_ALLOWED_MECHANISMS has one that Kunci does not use.
    pub other_mechanisms: Option<bool>,
    /// CKA_KEY_GEN_MECHANISM; 0 is CKM_RSA_PKCS_KEY_PAIR_GEN.
    pub key_gen_mechanism: Option<u64>,
}

/// The maker's statement about a key, as the token gave it. Nobody has judged it yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestation {
    /// The certificate about the key, DER.
    pub key: Vec<u8>,
    /// The certificate of the key that signed it (slot F9 of a YubiKey), DER.
    pub signer: Vec<u8>,
}

impl TokenReport {
    /// What may be said of where its keys are. *Attested* takes a maker's signature, which nobody verified here.
    pub fn grade(&self) -> Grade {
        Grade::unattested(self.software)
    }
}

impl KeyReport {
    /// The public key, where it can be parsed.
    pub fn public_key(&self) -> Option<PublicKey> {
        PublicKey::from_spki(&self.spki).ok()
    }
}
