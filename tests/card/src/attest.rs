//! Attestation: the key in a slot, signed for by the attestation key (Yubico's "PIV attestation").
//!
//! Only for keys that were generated here; the extensions hold what Yubico's hold.

use rcgen::{PublicKeyData, SignatureAlgorithm};

use crate::apdu::{Answer, Command, Sw};
use crate::authority::{extension, parameters};
use crate::keys::{Algorithm, Key, Origin};
use crate::state::State;
use crate::tlv;

/// A keychain key with USB-C, as extension 9 says it.
const FORM_FACTOR: u8 = 4;

/// Answers ATTEST.
pub(crate) fn attest(state: &State, command: &Command) -> Answer {
    let slot = command.p1;
    let (key, attester) = state.read(|kept| (kept.keys.get(&slot).cloned(), kept.attester.clone()));
    let key = key.ok_or(Sw::NO_SUCH_KEY)?;
    if key.origin != Origin::Generated {
        return Err(Sw::WRONG_DATA);
    }
    let subject = format!("YubiKey PIV Attestation {slot:02x}");
    let mut leaf = parameters(&subject).map_err(|_| Sw::BROKEN)?;
    leaf.custom_extensions = vec![
        extension(3, &state.firmware.0),
        extension(7, &integer(&state.serial.to_be_bytes())),
        extension(8, &[key.pin_policy as u8, key.touch_policy as u8]),
        extension(9, &[FORM_FACTOR]),
    ];
    attester.sign(&leaf, &Subject::of(&key)?).map_err(|_| Sw::BROKEN)
}

/// The key that is attested.
struct Subject {
    algorithm: &'static SignatureAlgorithm,
    bytes: Vec<u8>,
}

impl Subject {
    fn of(key: &Key) -> Result<Self, Sw> {
        let part = |tag| tlv::find(&key.public, tag).ok_or(Sw::BROKEN);
        let (algorithm, bytes) = match key.algorithm {
            Algorithm::P256 => (&rcgen::PKCS_ECDSA_P256_SHA256, part(0x86)?.to_vec()),
            _ => {
                let numbers = [integer(part(0x81)?), integer(part(0x82)?)].concat();
                (&rcgen::PKCS_RSA_SHA256, tlv::one(0x30, &numbers))
            }
        };
        Ok(Self { algorithm, bytes })
    }
}

impl PublicKeyData for Subject {
    fn der_bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

/// A positive INTEGER in DER.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count().min(bytes.len() - 1);
    let digits = &bytes[zeros..];
    let sign: &[u8] = if digits[0] >= 0x80 { &[0] } else { &[] };
    tlv::one(0x02, &[sign, digits].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_as_short_as_der_wants_them_and_positive() {
        assert_eq!(integer(&[0, 0, 0x7F]), [2, 1, 0x7F]);
        assert_eq!(integer(&[0, 0x80]), [2, 2, 0, 0x80]);
        assert_eq!(integer(&[0]), [2, 1, 0]);
    }
}
