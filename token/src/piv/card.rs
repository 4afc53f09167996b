//! One open YubiKey, and what it says of itself: serial number, firmware, and what that firmware can do.
//!
//! Nothing here proves any of it; that takes an attestation, judged elsewhere.

use attest::Signs;
use yubikey::{Error, Version, YubiKey};

use super::{Search, code, delete};
use crate::lane::{Fault, TokenReport};
use crate::pkcs11::Failure;

/// The first firmware that tells of a slot what is in it (GET METADATA).
const METADATA: (u8, u8, u8) = (5, 3, 0);
/// The first that makes RSA keys without a known weakness (CVE-2017-15361).
const SOUND_RSA: (u8, u8, u8) = (4, 3, 5);
/// The first with RSA-3072 and RSA-4096.
const LARGE_RSA: (u8, u8, u8) = (5, 7, 0);

/// An open YubiKey.
pub struct Card {
    pub(super) key: YubiKey,
}

impl Card {
    /// Opens the YubiKey with this serial number, wherever it is.
    pub fn open(serial: u32) -> Result<Self, Fault> {
        Search::new(serial).open(|_| ())
    }

    /// The reader that it is in.
    pub fn reader(&self) -> &str {
        self.key.name()
    }

    /// Its serial number.
    pub fn serial(&self) -> u32 {
        self.key.serial().0
    }

    /// Whether it still answers; what it answers does not matter.
    pub fn is_there(&mut self) -> bool {
        // The discovery object (SP 800-73-4, part 1, section 3.3.2).
        let answer = self.key.fetch_object(0x7e);
        !matches!(answer, Err(Error::PcscError { .. }))
    }

    /// What it says of itself. Nothing here proves it: that takes an attestation.
    pub fn report(&self) -> TokenReport {
        let signs = Signs { reader: self.key.name(), ..Signs::default() };
        TokenReport {
            label: "PIV".into(),
            manufacturer: "Yubico".into(),
            model: format!("YubiKey {}", self.key.version()),
            serial: self.serial().to_string(),
            library: self.key.name().into(),
            software: signs.mean_software(),
            wrapping_key: false,
        }
    }

    /// Whether it tells what a slot holds, and whether its secrets are the factory's.
    pub(super) fn has_metadata(&self) -> bool {
        self.is_at_least(METADATA)
    }

    pub(super) fn makes_sound_rsa(&self) -> bool {
        self.is_at_least(SOUND_RSA)
    }

    pub(super) fn has_large_rsa(&self) -> bool {
        self.is_at_least(LARGE_RSA)
    }

    pub(super) fn deletes_keys(&self) -> bool {
        self.is_at_least(delete::SINCE)
    }

    fn is_at_least(&self, (major, minor, patch): (u8, u8, u8)) -> bool {
        self.key.version() >= Version { major, minor, patch }
    }

    /// A call that the card failed.
    pub(super) fn failed(call: &'static str) -> impl Fn(Error) -> Failure {
        move |error| code::failure(call, error)
    }
}
