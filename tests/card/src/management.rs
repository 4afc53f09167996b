//! The management key: 3DES or AES, shown by challenge and response (SP 800-73-4 part 2, appendix A.1).

use aes::cipher::{BlockEncrypt, KeyInit};
use aes::{Aes128, Aes192, Aes256};
use des::TdesEde3;
use serde::{Deserialize, Serialize};

use crate::apdu::{Answer, Command, Sw};
use crate::options::Firmware;
use crate::session::Session;
use crate::state::State;
use crate::tlv;
use crate::touch::{Touch, TouchPolicy};

/// Its key reference.
pub(crate) const SLOT: u8 = 0x9B;
const FACTORY: [u8; 24] = [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8];

/// The parts of GENERAL AUTHENTICATE.
const WITNESS: u8 = 0x80;
const CHALLENGE: u8 = 0x81;
const RESPONSE: u8 = 0x82;

/// The cipher of a management key, by its number.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub(crate) enum Algorithm {
    Tdes = Self::TDES,
    Aes128 = 0x08,
    Aes192 = 0x0A,
    Aes256 = 0x0C,
}

impl Algorithm {
    pub(crate) const TDES: u8 = 0x03;

    fn of(number: u8) -> Option<Self> {
        [Self::Tdes, Self::Aes128, Self::Aes192, Self::Aes256].into_iter().find(|own| *own as u8 == number)
    }

    fn key_length(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Tdes | Self::Aes192 => 24,
            Self::Aes256 => 32,
        }
    }

    fn block_length(self) -> usize {
        if self == Self::Tdes { 8 } else { 16 }
    }

    /// Encrypts one block in place. Key and block have their lengths.
    pub(crate) fn encrypt(self, key: &[u8], block: &mut [u8]) {
        match self {
            Self::Tdes => TdesEde3::new(key.into()).encrypt_block(block.into()),
            Self::Aes128 => Aes128::new(key.into()).encrypt_block(block.into()),
            Self::Aes192 => Aes192::new(key.into()).encrypt_block(block.into()),
            Self::Aes256 => Aes256::new(key.into()).encrypt_block(block.into()),
        }
    }
}

/// The management key.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ManagementKey {
    pub(crate) algorithm: Algorithm,
    value: Vec<u8>,
    pub(crate) touch_policy: TouchPolicy,
}

impl ManagementKey {
    /// The same 24 bytes ever since; AES-192 in firmware 5.7, 3DES before.
    pub(crate) fn factory(firmware: Firmware) -> Self {
        let algorithm = if firmware.is_recent() { Algorithm::Aes192 } else { Algorithm::Tdes };
        Self { algorithm, value: FACTORY.to_vec(), touch_policy: TouchPolicy::Never }
    }

    /// A cipher's name and a key of its length in hexadecimal digits.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let (name, digits) = text.split_once(' ')?;
        let algorithm = match name {
            "tdes" => Algorithm::Tdes,
            "aes128" => Algorithm::Aes128,
            "aes192" => Algorithm::Aes192,
            "aes256" => Algorithm::Aes256,
            _ => return None,
        };
        let bytes = digits
            .as_bytes()
            .chunks(2)
            .map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()));
        let value: Vec<u8> = bytes.collect::<Option<_>>()?;
        let fits = value.len() == algorithm.key_length();
        fits.then_some(Self { algorithm, value, touch_policy: TouchPolicy::Never })
    }

    pub(crate) fn is_factory(&self) -> bool {
        self.value == FACTORY
    }

    fn encrypted(&self, block: &[u8]) -> Vec<u8> {
        let mut block = block.to_vec();
        self.algorithm.encrypt(&self.value, &mut block);
        block
    }
}

/// Answers GENERAL AUTHENTICATE by the management key: one side shows that it has the key, or both do.
pub(crate) fn authenticate(state: &State, session: &mut Session, command: &Command, touch: &Touch) -> Answer {
    let key = state.read(|kept| kept.management.clone());
    if command.p1 != key.algorithm as u8 {
        return Err(Sw::WRONG_PARAMETERS);
    }
    let body = tlv::find(&command.data, 0x7C).ok_or(Sw::WRONG_DATA)?;
    let part = |tag| tlv::find(body, tag);
    let pending = session.challenge.take();
    match (part(WITNESS), part(CHALLENGE), part(RESPONSE)) {
        (Some([]), None, None) => ask(session, &key, WITNESS),
        (None, Some([]), None) => ask(session, &key, CHALLENGE),
        (Some(witness), Some(challenge), None) if challenge.len() == key.algorithm.block_length() => {
            admit(session, &key, touch, pending, witness)?;
            Ok(tlv::one(0x7C, &tlv::one(RESPONSE, &key.encrypted(challenge))))
        }
        (None, None, Some(response)) => {
            admit(session, &key, touch, pending, response)?;
            Ok(Vec::new())
        }
        _ => Err(Sw::WRONG_DATA),
    }
}

/// Sends a witness (encrypted, to be decrypted) or a challenge (plain, to be encrypted).
fn ask(session: &mut Session, key: &ManagementKey, tag: u8) -> Answer {
    let mut plain = vec![0; key.algorithm.block_length()];
    aws_lc_rs::rand::fill(&mut plain).map_err(|_| Sw::BROKEN)?;
    let encrypted = key.encrypted(&plain);
    let (sent, expected) = if tag == WITNESS { (encrypted, plain) } else { (plain, encrypted) };
    session.challenge = Some(expected);
    Ok(tlv::one(0x7C, &tlv::one(tag, &sent)))
}

fn admit(
    session: &mut Session,
    key: &ManagementKey,
    touch: &Touch,
    pending: Option<Vec<u8>>,
    shown: &[u8],
) -> Result<(), Sw> {
    if pending.ok_or(Sw::CONDITIONS)? != shown {
        return Err(Sw::NOT_ALLOWED);
    }
    touch.wait(session, key.touch_policy)?;
    session.became_manager();
    Ok(())
}

/// Answers SET MANAGEMENT KEY.
pub(crate) fn set(state: &State, session: &Session, command: &Command) -> Answer {
    if !session.is_manager() {
        return Err(Sw::NOT_ALLOWED);
    }
    let touch_policy = match command.p2 {
        0xFF => TouchPolicy::Never,
        0xFE => TouchPolicy::Always,
        0xFD => TouchPolicy::Cached,
        _ => return Err(Sw::WRONG_PARAMETERS),
    };
    let [number, SLOT, length, value @ ..] = command.data.as_slice() else {
        return Err(Sw::WRONG_DATA);
    };
    let algorithm = Algorithm::of(*number).ok_or(Sw::WRONG_DATA)?;
    if usize::from(*length) != value.len() || value.len() != algorithm.key_length() {
        return Err(Sw::WRONG_DATA);
    }
    let key = ManagementKey { algorithm, value: value.to_vec(), touch_policy };
    state.change(|kept| kept.management = key).map_err(|_| Sw::BROKEN)?;
    Ok(Vec::new())
}
