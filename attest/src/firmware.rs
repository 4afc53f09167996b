//! A device's firmware version.

use std::fmt;
use std::str::FromStr;

/// Three numbers, ordered as versions are; shown as `5.4.3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Firmware(pub u32, pub u32, pub u32);

/// Not a firmware version.
#[derive(Debug, thiserror::Error)]
#[error("a firmware version is three numbers, as in 5.4.3")]
pub struct BadFirmware;

impl FromStr for Firmware {
    type Err = BadFirmware;

    fn from_str(text: &str) -> Result<Self, BadFirmware> {
        let number = |part: &str| match part.bytes().all(|byte| byte.is_ascii_digit()) {
            true => part.parse().map_err(|_| BadFirmware),
            false => Err(BadFirmware),
        };
        match text.split('.').collect::<Vec<_>>()[..] {
            [major, minor, patch] => Ok(Self(number(major)?, number(minor)?, number(patch)?)),
            _ => Err(BadFirmware),
        }
    }
}

impl From<[u8; 3]> for Firmware {
    fn from([major, minor, patch]: [u8; 3]) -> Self {
        Self(major.into(), minor.into(), patch.into())
    }
}

impl fmt::Display for Firmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}
