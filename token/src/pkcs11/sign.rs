//! One signature: C_SignInit and C_Sign with the mechanism that the message's algorithm needs. A key that wants the PIN for
//! each signature is [`super::ContextLogin`]'s.
//!
//! RS256 uses CKM_SHA256_RSA_PKCS and EdDSA CKM_EDDSA over the whole message, PS256 and ES256 use CKM_RSA_PKCS_PSS and CKM_ECDSA over a
//! digest computed here. Bare CKM_RSA_PKCS over a DigestInfo serves only where the hashed mechanism is missing, and
//! is reported as a finding. PKCS#11 v3.1 sections 6.1, 6.3 and 6.3.15.

use cryptoki::context::Pkcs11;
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use cryptoki::slot::Slot;
use hsm_config::Algorithm;

use super::code::Failure;
use crate::Sha256;
use crate::message::Composed;

/// The salt of PS256, in bytes (RFC 7518 section 3.5: as long as the hash).
const PSS_SALT_BYTES: u64 = 32;
/// The DER of a DigestInfo for SHA-256, up to the digest (RFC 8017 section 9.2, note 1).
const DIGEST_INFO: [u8; 19] = [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];

/// Who hashes for PKCS#1 v1.5 signatures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hashing {
    /// The token: CKM_SHA256_RSA_PKCS.
    Token,
    /// The host, since the token has only bare CKM_RSA_PKCS.
    Host,
}

impl Hashing {
    /// What the token's mechanism list calls for.
    pub(super) fn of(context: &Pkcs11, slot: Slot) -> Self {
        let has = |mechanism| context.get_mechanism_info(slot, mechanism).is_ok();
        if !has(MechanismType::SHA256_RSA_PKCS) && has(MechanismType::RSA_PKCS) {
            Self::Host
        } else {
            Self::Token
        }
    }
}

/// Signs a composed message.
pub(super) fn sign(
    session: &Session,
    key: ObjectHandle,
    hashing: Hashing,
    message: &Composed,
) -> Result<Vec<u8>, Failure> {
    Ok(with_input(message, hashing, |mechanism, input| session.sign(mechanism, key, input))?)
}

/// Signs by a mechanism that takes its input at once, and with that input.
pub(super) fn with_input<T>(
    message: &Composed,
    hashing: Hashing,
    sign: impl FnOnce(&Mechanism<'_>, &[u8]) -> T,
) -> T {
    let bytes = message.bytes();
    let digest = || Sha256::of(bytes).0;
    match (message.algorithm(), hashing) {
        (Algorithm::RS256, Hashing::Token) => sign(&Mechanism::Sha256RsaPkcs, bytes),
        (Algorithm::RS256, Hashing::Host) => {
            sign(&Mechanism::RsaPkcs, &[&DIGEST_INFO[..], &digest()].concat())
        }
        (Algorithm::PS256, _) => sign(&Mechanism::RsaPkcsPss(pss()), &digest()),
        (Algorithm::ES256, _) => sign(&Mechanism::Ecdsa, &digest()),
        // Pure Ed25519 goes without parameters, and is all that older modules know.
        (Algorithm::EdDSA, _) => {
            sign(&Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519)), bytes)
        }
    }
}

/// The parameters of PS256.
pub(super) fn pss() -> PkcsPssParams {
    PkcsPssParams {
        hash_alg: MechanismType::SHA256,
        mgf: PkcsMgfType::MGF1_SHA256,
        s_len: PSS_SALT_BYTES.into(),
    }
}
