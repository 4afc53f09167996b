//! A file mode, written in octal as `"0600"`.

use crate::problem::Fault;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The permission bits that a socket can have; no setuid, setgid or sticky bit.
const PERMISSIONS: u32 = 0o777;

/// The permission bits of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^0?[0-7]{3}$"))]
pub struct Mode(u32);

impl Mode {
    pub(crate) const fn new(bits: u32) -> Self {
        Self(bits & PERMISSIONS)
    }

    /// The bits, at most `0o777`.
    pub fn bits(self) -> u32 {
        self.0
    }
}

impl TryFrom<String> for Mode {
    type Error = Fault;

    fn try_from(text: String) -> Result<Self, Fault> {
        let octal = text.bytes().all(|b| (b'0'..=b'7').contains(&b)) && (3..=4).contains(&text.len());
        match u32::from_str_radix(&text, 8) {
            Ok(bits) if octal && bits <= PERMISSIONS => Ok(Self(bits)),
            _ => Err(Fault::value(
                format!("{text:?} is not a file mode"),
                "write three octal digits after a 0, as \"0600\" or \"0660\"",
            )),
        }
    }
}

impl From<Mode> for String {
    fn from(mode: Mode) -> Self {
        mode.to_string()
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}
