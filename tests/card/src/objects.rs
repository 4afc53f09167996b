//! Data objects: certificates and what else is written to a card (SP 800-73-4 part 2, sections 3.1.2 and 3.3.1).
//!
//! The standard's own are kept by the PIV application, Yubico's (tags 5F FF ..) by us.

use crate::apdu::{Answer, Command, Sw};
use crate::inner::Engine;
use crate::session::Session;
use crate::state::State;
use crate::tlv;

/// The object that holds the attestation key's certificate: 5F FF 01.
pub(crate) const ATTESTATION: u16 = 0xFF01;
/// The most bytes of an object on a YubiKey.
const LARGEST: usize = 3052;
const NO_MEMORY: Sw = Sw(0x6A84);

/// An object, by its tag.
enum Object {
    /// 5F C1 xx
    Standard(u8),
    /// 5F xx xx
    Own(u16),
    Discovery,
}

impl Object {
    fn of(tag: &[u8]) -> Result<Self, Sw> {
        match tag {
            [0x7E] => Ok(Self::Discovery),
            [0x5F, 0xC1, number @ (1..=3 | 5..=0x23)] => Ok(Self::Standard(*number)),
            [0x5F, high, low] => Ok(Self::Own(u16::from_be_bytes([*high, *low]))),
            _ => Err(Sw::NOT_FOUND),
        }
    }
}

/// Answers GET DATA.
pub(crate) fn get(state: &State, session: &Session, engine: &mut Engine<'_>, command: &Command) -> Answer {
    let tag = tlv::find(&command.data, 0x5C).ok_or(Sw::WRONG_DATA)?;
    match Object::of(tag)? {
        Object::Standard(number) if needs_pin(number) && !session.pin_verified() => Err(Sw::NOT_ALLOWED),
        Object::Standard(number) if !state.read(|kept| kept.objects.contains(&number)) => Err(Sw::NOT_FOUND),
        Object::Standard(_) => {
            engine.verify()?;
            engine.run(command.instruction, command.p1, command.p2, &command.data)
        }
        Object::Own(number) => {
            let object = state.read(|kept| kept.own_objects.get(&number).cloned());
            object.map(|object| tlv::one(0x53, &object)).ok_or(Sw::NOT_FOUND)
        }
        Object::Discovery => engine.run(command.instruction, command.p1, command.p2, &command.data),
    }
}

/// Answers PUT DATA. An empty object is one that is gone.
pub(crate) fn put(state: &State, session: &Session, engine: &mut Engine<'_>, command: &Command) -> Answer {
    if !session.is_manager() {
        return Err(Sw::NOT_ALLOWED);
    }
    let tag = tlv::find(&command.data, 0x5C).ok_or(Sw::WRONG_DATA)?;
    let value = tlv::find(&command.data, 0x53).ok_or(Sw::WRONG_DATA)?;
    if value.len() > LARGEST {
        return Err(NO_MEMORY);
    }
    let object = Object::of(tag)?;
    if let (Object::Standard(_), false) = (&object, value.is_empty()) {
        engine.run(command.instruction, command.p1, command.p2, &command.data)?;
    }
    let kept = state.change(|kept| match object {
        Object::Standard(number) if value.is_empty() => drop(kept.objects.remove(&number)),
        Object::Standard(number) => drop(kept.objects.insert(number)),
        Object::Own(number) if value.is_empty() => drop(kept.own_objects.remove(&number)),
        Object::Own(number) => drop(kept.own_objects.insert(number, value.to_vec())),
        Object::Discovery => (),
    });
    kept.map(|()| Vec::new()).map_err(|_| Sw::BROKEN)
}

/// Fingerprints, the face, printed information (where tools keep a PIN-protected management key), the iris.
fn needs_pin(number: u8) -> bool {
    matches!(number, 0x03 | 0x08 | 0x09 | 0x21 | 0x23)
}
