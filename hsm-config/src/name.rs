//! Names of tokens, connectors, callers and admins.
//!
//! A name ends up in URLs, PKCS#11 labels (`kunci:{connector}`), file names and the ledger, so its alphabet is
//! one that needs escaping in none of them.

use crate::problem::Fault;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

/// The longest name, in bytes: one DNS label.
const MAX_NAME_BYTES: usize = 63;

/// A name: `[a-z0-9][a-z0-9-]{0,62}`.
///
/// ```
/// use hsm_config::Name;
/// assert_eq!("de".parse::<Name>().unwrap().as_str(), "de");
/// assert!("De".parse::<Name>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = Name::pattern()))]
pub struct Name(String);

impl Name {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The regular expression of all names, as JSON Schema takes it.
    pub fn pattern() -> String {
        format!("^[a-z0-9][a-z0-9-]{{0,{}}}$", MAX_NAME_BYTES - 1)
    }

    fn allows(text: &str) -> bool {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        (1..=MAX_NAME_BYTES).contains(&text.len()) && !text.starts_with('-') && text.bytes().all(inner)
    }
}

impl TryFrom<String> for Name {
    type Error = Fault;

    fn try_from(text: String) -> Result<Self, Fault> {
        if Self::allows(&text) {
            return Ok(Self(text));
        }
        Err(Fault::new(
            "bad-name",
            format!("{text:?} is not a name"),
            "write 1 to 63 of a-z, 0-9 and -, and do not begin with -",
        ))
    }
}

impl FromStr for Name {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        text.to_owned().try_into()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
