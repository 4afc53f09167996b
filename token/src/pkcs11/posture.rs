//! How a soft token shows itself: by its maker or model, by its slot, or by mechanisms that are not hardware's.
//!
//! The module says all this, so it can only lower our opinion: a token that passes is *asserted*, never proven. A
//! virtual TPM is its host's software, whatever its PKCS#11 module says of the slot.

use attest::soft;
use cryptoki::context::Pkcs11;
use cryptoki::mechanism::MechanismType;
use cryptoki::slot::{Slot, TokenInfo};

/// The mechanisms that we sign with.
const SIGNING: [MechanismType; 3] =
    [MechanismType::RSA_PKCS_PSS, MechanismType::SHA256_RSA_PKCS, MechanismType::ECDSA];

/// What a module says of where a token's keys are.
#[derive(Clone, Copy, Debug)]
struct Words<'a> {
    manufacturer: &'a str,
    model: &'a str,
    /// CKF_HW_SLOT.
    hardware_slot: bool,
    /// CKF_HW on at least one of our mechanisms: some devices hash in the module and leave it unset on hashed ones.
    hardware_mechanism: bool,
}

/// Whether the token is software, as far as its module admits it.
pub(super) fn is_software(context: &Pkcs11, slot: Slot, info: &TokenInfo) -> bool {
    let hardware =
        |mechanism: &_| context.get_mechanism_info(slot, *mechanism).is_ok_and(|info| info.hardware());
    let words = Words {
        manufacturer: info.manufacturer_id(),
        model: info.model(),
        hardware_slot: context.get_slot_info(slot).is_ok_and(|info| info.hardware_slot()),
        hardware_mechanism: SIGNING.iter().any(hardware),
    };
    words.mean_software()
}

impl Words<'_> {
    fn mean_software(self) -> bool {
        let named = soft::is_named(self.manufacturer, self.model);
        named || !self.hardware_slot || !self.hardware_mechanism
    }
}

#[cfg(test)]
mod tests;
