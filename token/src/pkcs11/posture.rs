//! What a module says that could give a soft token away: maker, model, its slot's and mechanisms' flags.
//!
//! The module says all this, so it can only lower our opinion: a token that passes is *asserted*, never proven. What decides
//! is `attest`'s list of signs.

use attest::Signs;
use cryptoki::context::Pkcs11;
use cryptoki::mechanism::MechanismType;
use cryptoki::slot::{Slot, TokenInfo};

/// The mechanisms that we sign with.
const SIGNING: [MechanismType; 3] =
    [MechanismType::RSA_PKCS_PSS, MechanismType::SHA256_RSA_PKCS, MechanismType::ECDSA];

/// Whether the token is software, as far as its module admits it; `came_back` is told of each call.
pub(super) fn is_software(context: &Pkcs11, slot: Slot, info: &TokenInfo, came_back: &dyn Fn()) -> bool {
    let hardware = |mechanism: &_| {
        let told = context.get_mechanism_info(slot, *mechanism);
        came_back();
        told.is_ok_and(|info| info.hardware())
    };
    let is_hardware_slot = context.get_slot_info(slot).is_ok_and(|info| info.hardware_slot());
    came_back();
    let signs = Signs {
        maker: info.manufacturer_id(),
        model: info.model(),
        no_hardware_slot: !is_hardware_slot,
        no_hardware_mechanism: !SIGNING.iter().any(hardware),
        ..Signs::default()
    };
    signs.mean_software()
}
