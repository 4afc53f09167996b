//! How a soft token shows itself: by its maker or model, by its slot, or by mechanisms that are not hardware's.
//!
//! The module says all this, so it can only lower our opinion: a token that passes is *asserted*, never proven. A
//! virtual TPM is its host's software, whatever its PKCS#11 module says of the slot.

use cryptoki::context::Pkcs11;
use cryptoki::mechanism::MechanismType;
use cryptoki::slot::{Slot, TokenInfo};

/// Parts of makers' and models' names that mean software, in lower case and with single spaces.
const SOFT: [&str; 11] = [
    "softhsm",
    "kryoptic",
    "nss",
    "mozilla",
    "p11-kit",
    "swtpm",
    "libtpms",
    // What libtpms and Microsoft's reference code call themselves (TPM2_PT_VENDOR_STRING).
    "sw tpm",
    "xcg ftpm",
    "simulator",
    "emulator",
];
/// The vendor identifiers of TPMs that hypervisors and clouds emulate (TCG's vendor id registry), in lower case.
const VIRTUAL: [&str; 4] = ["vmw", "amzn", "goog", "qemu"];
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
        let [maker, model] = [self.manufacturer, self.model].map(plain);
        let named = SOFT.iter().any(|soft| maker.contains(soft) || model.contains(soft));
        // What opencryptoki calls its token that is a file; its others are in hardware.
        let named = named || model == "soft";
        named || VIRTUAL.contains(&maker.as_str()) || !self.hardware_slot || !self.hardware_mechanism
    }
}

/// In lower case, with one space where there are several.
fn plain(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
