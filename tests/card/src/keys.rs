//! Keys in slots: made, used as their policies allow, deleted.
//!
//! GENERATE ASYMMETRIC KEY PAIR and GENERAL AUTHENTICATE (SP 800-73-4 part 2, sections 3.2.4 and 3.3.2) with Yubico's
//! policies. The PIV application behind us never hears of policies: it is unlocked once they are satisfied.

use serde::{Deserialize, Serialize};

use crate::apdu::{Answer, Command, Sw};
use crate::inner::Engine;
use crate::options::Firmware;
use crate::session::Session;
use crate::state::State;
use crate::tlv;
use crate::touch::{Touch, TouchPolicy};

/// Yubico's tags for policies.
const PIN_POLICY: u8 = 0xAA;
const TOUCH_POLICY: u8 = 0xAB;

/// The algorithms that are offered, by their numbers.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub(crate) enum Algorithm {
    Rsa2048 = 0x07,
    Rsa3072 = 0x05,
    Rsa4096 = 0x16,
    P256 = 0x11,
}

impl Algorithm {
    fn of(number: u8, firmware: Firmware) -> Option<Self> {
        let recent = [Self::Rsa3072, Self::Rsa4096].into_iter().filter(|_| firmware.is_recent());
        let always = [Self::Rsa2048, Self::P256].into_iter();
        always.chain(recent).find(|own| *own as u8 == number)
    }

    /// The length of what it signs.
    fn input_length(self) -> usize {
        match self {
            Self::Rsa2048 => 256,
            Self::Rsa3072 => 384,
            Self::Rsa4096 => 512,
            Self::P256 => 32,
        }
    }
}

/// When a key wants the PIN, by its number.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub(crate) enum PinPolicy {
    Never = 1,
    Once = 2,
    Always = 3,
}

impl PinPolicy {
    fn of(number: Option<u8>, slot: u8) -> Option<Self> {
        match (number, slot) {
            (None | Some(0), 0x9C) | (Some(3), _) => Some(Self::Always),
            (None | Some(0), 0x9E) | (Some(1), _) => Some(Self::Never),
            (None | Some(0) | Some(2), _) => Some(Self::Once),
            _ => None,
        }
    }
}

/// Where a key comes from, by its number.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub(crate) enum Origin {
    Generated = 1,
    Imported = 2,
}

/// What is known of a key.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) algorithm: Algorithm,
    pub(crate) pin_policy: PinPolicy,
    pub(crate) touch_policy: TouchPolicy,
    pub(crate) origin: Origin,
    /// As GENERATE answers it, without the outer tag.
    pub(crate) public: Vec<u8>,
}

/// Answers GENERATE ASYMMETRIC KEY PAIR.
pub(crate) fn generate(
    state: &State,
    session: &Session,
    engine: &mut Engine<'_>,
    command: &Command,
) -> Answer {
    let slot = command.p2;
    if !is_slot(slot) {
        return Err(Sw::WRONG_PARAMETERS);
    }
    if !session.is_manager() {
        return Err(Sw::NOT_ALLOWED);
    }
    let template = tlv::find(&command.data, 0xAC).ok_or(Sw::WRONG_DATA)?;
    let number = |tag| tlv::find(template, tag).and_then(|value| value.first().copied());
    let algorithm =
        number(0x80).and_then(|number| Algorithm::of(number, state.firmware)).ok_or(Sw::WRONG_DATA)?;
    let pin_policy = PinPolicy::of(number(PIN_POLICY), slot).ok_or(Sw::WRONG_DATA)?;
    let touch_policy = TouchPolicy::of(number(TOUCH_POLICY)).ok_or(Sw::WRONG_DATA)?;
    let ask = tlv::one(0xAC, &tlv::one(0x80, &[algorithm as u8]));
    let answer = engine.run(Command::GENERATE, 0, slot, &ask)?;
    // The tag has two bytes, 7F 49.
    let public = answer.get(1..).and_then(|rest| tlv::find(rest, 0x49)).ok_or(Sw::BROKEN)?.to_vec();
    let key = Key { algorithm, pin_policy, touch_policy, origin: Origin::Generated, public };
    state.change(|kept| kept.keys.insert(slot, key)).map_err(|_| Sw::BROKEN)?;
    Ok(answer)
}

/// Answers GENERAL AUTHENTICATE by a key in a slot: a signature, or a key agreement.
pub(crate) fn sign(
    state: &State,
    session: &mut Session,
    engine: &mut Engine<'_>,
    command: &Command,
    fresh: bool,
    touch: &Touch,
) -> Answer {
    let (number, slot) = (command.p1, command.p2);
    let key = state.read(|kept| kept.keys.get(&slot).cloned()).ok_or(Sw::WRONG_DATA)?;
    if key.algorithm as u8 != number {
        return Err(Sw::WRONG_PARAMETERS);
    }
    let allowed = match key.pin_policy {
        PinPolicy::Never => true,
        PinPolicy::Once => session.pin_verified(),
        PinPolicy::Always => fresh,
    };
    if !allowed {
        return Err(Sw::NOT_ALLOWED);
    }
    touch.wait(session, key.touch_policy)?;
    engine.verify()?;
    engine.run(Command::AUTHENTICATE, number, slot, &padded(&command.data, key.algorithm))
}

/// Answers Yubico's deletion of a key, which came with firmware 5.7.
pub(crate) fn delete(state: &State, session: &Session, command: &Command) -> Answer {
    let slot = command.p2;
    if !state.firmware.is_recent() || command.p1 != 0xFF {
        return Err(Sw::NO_SUCH_INSTRUCTION);
    }
    if !session.is_manager() {
        return Err(Sw::NOT_ALLOWED);
    }
    let removed = state.change(|kept| kept.keys.remove(&slot)).map_err(|_| Sw::BROKEN)?;
    removed.map(|_| Vec::new()).ok_or(Sw::NO_SUCH_KEY)
}

/// The same question with a short digest made as long as the curve, as a YubiKey takes it.
fn padded(data: &[u8], algorithm: Algorithm) -> Vec<u8> {
    let body = tlv::find(data, 0x7C).unwrap_or_default();
    let mut out = Vec::new();
    for (tag, value) in tlv::read(body) {
        let short = tag == 0x81 && value.len() < algorithm.input_length();
        let zeros = if short { algorithm.input_length() - value.len() } else { 0 };
        tlv::write(&mut out, tag, &[vec![0; zeros].as_slice(), value].concat());
    }
    tlv::one(0x7C, &out)
}

/// Authentication, signature, key management, card authentication, and the twenty retired ones.
fn is_slot(slot: u8) -> bool {
    matches!(slot, 0x9A | 0x9C | 0x9D | 0x9E | 0x82..=0x95)
}
