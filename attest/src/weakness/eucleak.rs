//! EUCLEAK (Roche 2024): ECDSA of Infineon's library leaks the private key's nonce by its electromagnetic side channel.

use crate::{Firmware, KeyAlgorithm, Kind, Statement};

/// The first YubiKey firmware with Yubico's own library.
const YUBIKEY: Firmware = Firmware(5, 7, 0);
/// The same for the YubiHSM 2.
const YUBIHSM: Firmware = Firmware(2, 4, 0);

/// What the finding says, if the key is an ECDSA key of such a device.
pub(super) fn message(said: &Statement) -> Option<String> {
    let (device, fixed) = match said.kind? {
        Kind::YubikeyPiv => ("YubiKey", YUBIKEY),
        Kind::Yubihsm2 => ("YubiHSM 2", YUBIHSM),
        Kind::LiquidSecurity | Kind::Tpm2 | Kind::Pkcs11 => return None,
    };
    let firmware = said.firmware.filter(|firmware| *firmware < fixed)?;
    let ecdsa = matches!(said.key.as_ref()?.algorithm(), KeyAlgorithm::Ec(_));
    ecdsa.then(|| {
        format!(
            "ECDSA of a {device} with firmware {firmware} leaks the private key by its electromagnetic field (EUCLEAK, \
             CVE-2024-45678; fixed in {fixed}). An attacker needs the device in hand for some minutes, opened, and \
             whatever the key asks for (PIN, touch) while it signs. Use RSA there, or a newer device."
        )
    })
}
