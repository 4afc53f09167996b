//! Where a key without a label is: on the YubiKey with a serial number, in a slot.
//!
//! PIV gives a key no identifier, so its [`KeyId`] says its place, and a tail that tells one birth in that place from the
//! next. Which key it is, its pin says, as for every other token: a place alone is never enough to sign.

use hsm_config::PivSlot;

use crate::KeyId;

/// What such identifiers begin with.
const MARK: &[u8; 3] = b"PIV";

/// A slot of a YubiKey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The YubiKey's serial number.
    pub serial: u32,
    /// The slot.
    pub slot: PivSlot,
}

impl Place {
    /// The identifier of a key in this place. A zero tail means whatever key is there.
    pub fn id(self, tail: [u8; 8]) -> KeyId {
        let mut id = [0; 16];
        id[..3].copy_from_slice(MARK);
        id[3] = self.slot.number();
        id[4..8].copy_from_slice(&self.serial.to_be_bytes());
        id[8..].copy_from_slice(&tail);
        KeyId(id)
    }

    /// The place that an identifier says; `None` where it is another kind of token's.
    pub fn of(id: KeyId) -> Option<Self> {
        let [mark @ .., slot] = id.0.first_chunk::<4>()?;
        let serial = u32::from_be_bytes(*id.0[4..].first_chunk()?);
        let slot = PivSlot::of(*slot).filter(|_| mark == MARK)?;
        Some(Self { serial, slot })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_says_its_place_whatever_its_tail_is() {
        let place = Place { serial: 0x00bc_614e, slot: "9a".parse().unwrap() };
        for tail in [[0; 8], [0xff; 8], *b"whatever"] {
            assert_eq!(Place::of(place.id(tail)), Some(place));
        }
        assert_ne!(place.id([0; 8]), place.id([1; 8]));
    }

    #[test]
    fn an_identifier_of_another_token_says_no_place() {
        for other in [[7; 16], *b"PIV\x9bserial-tail!", *b"piv\x9aserial-tail!"] {
            assert_eq!(Place::of(KeyId(other)), None);
        }
    }
}
