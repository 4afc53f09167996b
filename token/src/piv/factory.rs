//! Secrets that every YubiKey has when it leaves the factory, and everybody knows.
//!
//! Known by what the card tells (GET METADATA) and by comparing what is configured, never by trying: a try of the wrong
//! PIN costs one of three. Firmware before 5.3 tells nothing, and its PUK is then not known to be changed.

use yubikey::piv::{ManagementSlotId, SlotId, metadata};

use super::{Card, Secret};
use crate::pin::Pin;
use crate::pkcs11::Failure;

/// The factory's PIN.
const PIN: &[u8] = b"123456";
/// The factory's management key, for 3DES and AES-192.
const MANAGEMENT_KEY: [u8; 24] = [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8];

/// A secret that is still the factory's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorySecret {
    /// The PIN.
    Pin,
    /// The PIN unblocking key.
    Puk,
    /// The management key.
    ManagementKey,
}

impl FactorySecret {
    /// What is wrong and what to do.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Pin => "its PIN is the factory's: change it with `ykman piv access change-pin`",
            Self::Puk => "its PUK is the factory's: change it with `ykman piv access change-puk`",
            Self::ManagementKey => {
                "its management key is the factory's: change it with `ykman piv access change-management-key`"
            }
        }
    }

    /// Whether a PIN that is about to be given is the factory's.
    pub fn is_pin(pin: &Pin) -> bool {
        pin.expose_bytes() == PIN
    }

    /// Whether a management key is the factory's.
    pub(super) fn is_management_key(key: &Secret) -> bool {
        key.expose() == MANAGEMENT_KEY
    }
}

impl Card {
    /// The first secret that is the factory's, as far as the card tells.
    pub fn factory_secret(&mut self) -> Result<Option<FactorySecret>, Failure> {
        if !self.has_metadata() {
            return Ok(None);
        }
        let secrets = [
            (ManagementSlotId::Pin, FactorySecret::Pin),
            (ManagementSlotId::Puk, FactorySecret::Puk),
            (ManagementSlotId::Management, FactorySecret::ManagementKey),
        ];
        for (slot, secret) in secrets {
            let told =
                metadata(&mut self.key, SlotId::Management(slot)).map_err(Self::failed("GET METADATA"))?;
            if told.default == Some(true) {
                return Ok(Some(secret));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    #[test]
    fn the_factorys_pin_is_known_without_asking_a_card() {
        let pin = |text: &str| Pin::from_bytes(&Zeroizing::new(text.as_bytes().to_vec())).unwrap();
        assert!(FactorySecret::is_pin(&pin("123456\n")));
        assert!(!FactorySecret::is_pin(&pin("1234567")));
    }

    #[test]
    fn the_factorys_management_key_is_known_in_either_case_of_its_digits() {
        let text = "010203040506070801020304050607080102030405060708";
        assert!(FactorySecret::is_management_key(&Secret::from_hex(text.as_bytes()).unwrap()));
        let other = text.replace("08", "0a");
        assert!(!FactorySecret::is_management_key(&Secret::from_hex(other.as_bytes()).unwrap()));
    }
}
