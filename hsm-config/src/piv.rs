//! A YubiKey's PIV application as a token: which key slot is whose, and by what policy its keys are made.
//!
//! A YubiKey is told by its serial number, a key on it by its slot, since PIV knows no labels. Nothing here that the
//! other kind of token has; [`crate::Token`] refuses fields of the wrong kind. NIST SP 800-73-4, part 1, section 3.1.

use crate::problem::Fault;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The slots for retired keys, which nothing else on a YubiKey uses.
const RETIRED: RangeInclusive<u8> = 0x82..=0x95;
/// The slots that PIV gives a meaning to: 9a, 9c, 9d, 9e.
const NAMED: [u8; 4] = [0x9a, 0x9c, 0x9d, 0x9e];

/// A key slot: `9a`, `9c`, `9d`, `9e`, or one of the retired ones, `82` to `95`.
///
/// ```
/// use hsm_config::PivSlot;
/// assert_eq!("9a".parse::<PivSlot>().unwrap().number(), 0x9a);
/// assert!("f9".parse::<PivSlot>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^(9[acde]|8[2-9a-f]|9[0-5])$"))]
pub struct PivSlot(u8);

/// How often the PIN is given for signatures of a key that is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PinPolicy {
    /// Once, after the YubiKey was plugged in.
    #[default]
    Once,
    /// For each signature.
    Always,
}

/// Whether somebody has to touch the YubiKey for signatures of a key that is made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TouchPolicy {
    /// Never.
    #[default]
    Never,
    /// For each signature.
    Always,
    /// Once in 15 seconds.
    Cached,
}

impl PivSlot {
    /// Every slot that a key of Kunci's may be in, retired ones first.
    pub fn all() -> impl Iterator<Item = Self> {
        RETIRED.chain(NAMED).map(Self)
    }

    /// The slots that are used where the configuration names none.
    pub fn free_choice() -> impl Iterator<Item = Self> {
        RETIRED.map(Self)
    }

    /// The slot with this number.
    pub fn of(number: u8) -> Option<Self> {
        (RETIRED.contains(&number) || NAMED.contains(&number)).then_some(Self(number))
    }

    /// Its number, as commands name it.
    pub fn number(self) -> u8 {
        self.0
    }
}

impl FromStr for PivSlot {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let digits =
            text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let number = u8::from_str_radix(text, 16).ok().filter(|_| digits);
        number.and_then(Self::of).ok_or_else(|| {
            let help = "write \"9a\", \"9c\", \"9d\", \"9e\", or \"82\" to \"95\"";
            Fault::value(format!("{} is not a slot for keys", crate::tenant::excerpt(text)), help)
        })
    }
}

impl fmt::Display for PivSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}", self.0)
    }
}

impl TryFrom<String> for PivSlot {
    type Error = Fault;

    fn try_from(text: String) -> Result<Self, Fault> {
        text.parse()
    }
}

impl From<PivSlot> for String {
    fn from(slot: PivSlot) -> Self {
        slot.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_slots_for_keys_of_ours_are_slots() {
        assert_eq!(PivSlot::all().count(), 24);
        for slot in PivSlot::all() {
            assert_eq!(slot.to_string().parse::<PivSlot>().unwrap(), slot);
        }
        for bad in ["", "9", "9A", "9b", "f9", "81", "96", "0x9a", "9a ", "+9a"] {
            assert!(bad.parse::<PivSlot>().is_err(), "{bad}");
        }
    }
}
