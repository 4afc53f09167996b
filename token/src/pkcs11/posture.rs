//! How a soft token shows itself: by its maker or model, by its slot, or by mechanisms that are not hardware's.
//!
//! The module says all this, so it can only lower our opinion: a token that passes is *asserted*, never proven.

use cryptoki::context::Pkcs11;
use cryptoki::mechanism::MechanismType;
use cryptoki::slot::{Slot, TokenInfo};

/// Parts of makers' and models' names that mean software.
const SOFT: [&str; 8] = ["softhsm", "kryoptic", "nss", "mozilla", "swtpm", "sw   tpm", "sw tpm", "p11-kit"];
/// The mechanisms that we sign with.
const SIGNING: [MechanismType; 3] =
    [MechanismType::RSA_PKCS_PSS, MechanismType::SHA256_RSA_PKCS, MechanismType::ECDSA];

/// Whether the token is software, as far as its module admits it.
pub(super) fn is_software(context: &Pkcs11, slot: Slot, info: &TokenInfo) -> bool {
    let named = [info.manufacturer_id(), info.model()].iter().any(|name| {
        let name = name.to_ascii_lowercase();
        SOFT.iter().any(|soft| name.contains(soft))
    });
    named || !in_hardware_slot(context, slot) || !signs_in_hardware(context, slot)
}

/// CKF_HW_SLOT.
fn in_hardware_slot(context: &Pkcs11, slot: Slot) -> bool {
    context.get_slot_info(slot).is_ok_and(|info| info.hardware_slot())
}

/// CKF_HW on at least one of our mechanisms: some devices hash in the module and leave it unset on hashed ones.
fn signs_in_hardware(context: &Pkcs11, slot: Slot) -> bool {
    SIGNING
        .iter()
        .any(|mechanism| context.get_mechanism_info(slot, *mechanism).is_ok_and(|info| info.hardware()))
}
