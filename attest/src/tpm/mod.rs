//! TPM 2.0: from the maker's certificate to one key, by one TPM.
//!
//! The chain has four links, and each is checked with bytes that the auditor holds: the maker's root signs the
//! endorsement key's certificate; the auditor's sealed secret, given back, ties the attestation key to it; the
//! attestation key, which signs only what its TPM composed, signs a statement over a key's name and the auditor's
//! nonce; the name is the digest of the key's attributes and public key. TPM 2.0 Library, revision 1.59.

mod algorithm;
mod attributes;
mod challenge;
mod creation;
mod credential;
mod endorsement;
mod evidence;
mod judge;
mod kdf;
mod public;
mod signature;
mod spki;
mod statement;
#[cfg(test)]
mod tests;
mod tpm_fail;
mod wire;

pub use attributes::ObjectAttributes;
pub use challenge::{ANSWER, Answer, CHALLENGE, Challenge, ChallengeError, Endorsement};
pub use creation::Creation;
pub use credential::{Credential, NotSealed, Recipient, SECRET};
pub use endorsement::Device;
pub(crate) use evidence::brought;
pub use evidence::{EVIDENCE, TpmEvidence, Unreadable};
pub use judge::judge;
pub use public::{Name, Public, PublicPart};
pub use signature::Signature;
pub use statement::{Said, Statement};
pub use wire::{MAX_STRUCTURE, WireError};
