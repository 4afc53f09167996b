//! Where a key is that has no identifier of Kunci's: in a slot of a YubiKey, or under a `CKA_ID` that its module gave it.
//!
//! Its [`KeyId`] then says its place, and a tail that tells one birth in that place from the next. Which key it is, its
//! pin says, as for every other token: a place alone is never enough to sign.

use hsm_config::{CkaId, PivSlot};

use crate::KeyId;

/// What such identifiers begin with.
const SLOT: &[u8; 3] = b"PIV";
const OBJECT: &[u8; 3] = b"CKA";

/// A place for a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyLocation {
    /// A slot of a YubiKey.
    Slot {
        /// The YubiKey's serial number.
        serial: u32,
        /// The slot.
        slot: PivSlot,
    },
    /// A `CKA_ID` that the module chose.
    Object(CkaId),
}

impl KeyLocation {
    /// The identifier of a key in this place. A zero tail means whatever key is there.
    pub fn id(&self, tail: [u8; 8]) -> KeyId {
        let mut id = [0; 16];
        let (mark, number, rest): (_, _, &[u8]) = match self {
            Self::Slot { serial, slot } => (SLOT, slot.number(), &serial.to_be_bytes()),
            Self::Object(cka_id) => (OBJECT, length(cka_id), cka_id.bytes()),
        };
        id[..3].copy_from_slice(mark);
        id[3] = number;
        id[4..4 + rest.len()].copy_from_slice(rest);
        id[8..].copy_from_slice(&tail);
        KeyId(id)
    }

    /// The place that an identifier says; `None` where it is one of Kunci's choice.
    pub fn of(id: KeyId) -> Option<Self> {
        let (head, rest) = id.0.split_at(4);
        let (mark, number) = (head.first_chunk::<3>()?, head[3]);
        let place = rest.first_chunk::<4>()?;
        match mark {
            SLOT => Some(Self::Slot { serial: u32::from_be_bytes(*place), slot: PivSlot::of(number)? }),
            OBJECT => {
                let (cka_id, zeros) = place.split_at_checked(number.into())?;
                zeros.iter().all(|byte| *byte == 0).then(|| CkaId::of(cka_id))?.map(Self::Object)
            }
            _ => None,
        }
    }
}

/// A `CKA_ID` that can be named has four bytes at most.
fn length(cka_id: &CkaId) -> u8 {
    u8::try_from(cka_id.bytes().len()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> [KeyLocation; 3] {
        let object = |text: &str| KeyLocation::Object(text.parse().unwrap());
        let slot = KeyLocation::Slot { serial: 0x00bc_614e, slot: "9a".parse().unwrap() };
        [slot, object("02"), object("02000000")]
    }

    #[test]
    fn an_identifier_says_its_place_whatever_its_tail_is() {
        for place in places() {
            for tail in [[0; 8], [0xff; 8], *b"whatever"] {
                assert_eq!(KeyLocation::of(place.id(tail)).as_ref(), Some(&place));
            }
            assert_ne!(place.id([0; 8]), place.id([1; 8]));
        }
    }

    #[test]
    fn no_two_places_share_an_identifier() {
        let ids = places().map(|place| place.id([0; 8]));
        assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{ids:?}");
    }

    #[test]
    fn an_identifier_of_another_token_says_no_place() {
        let others = [
            [7; 16],
            *b"PIV\x9bserial-tail!",
            *b"piv\x9aserial-tail!",
            *b"CKA\x05serial-tail!",
            *b"CKA\x00\0\0\0\0its-tail",
            *b"CKA\x01id\0\0its-tail",
        ];
        for other in others {
            assert_eq!(KeyLocation::of(KeyId(other)), None);
        }
    }
}
