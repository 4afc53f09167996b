//! The maker's statement that a key was made in its slot: the attestation, and the certificate of the key that signed it.
//!
//! Fetched here and judged elsewhere: nothing in this process believes it (Yubico, PIV attestation).

use hsm_config::PivSlot;
use yubikey::{Error, piv};

use super::{Card, code, slot};
use crate::lane::Attestation;
use crate::pkcs11::Failure;

impl Card {
    /// The attestation of the key in a slot; `None` where the card makes none: the key was brought, or F9 is empty.
    pub(super) fn attestation(&mut self, slot: PivSlot) -> Result<Option<Attestation>, Failure> {
        let key = match piv::attest(&mut self.key, slot::id(slot)?) {
            Ok(key) => key.to_vec(),
            Err(error @ Error::PcscError { .. }) => return Err(code::failure("ATTEST", error)),
            Err(_) => return Ok(None),
        };
        Ok(self.attestation_certificate()?.map(|signer| Attestation { key, signer }))
    }
}
