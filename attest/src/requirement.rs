//! What the caller asks besides a proof: `--require`.

use std::fmt;
use std::str::FromStr;

use crate::Firmware;

/// A requirement. One that the evidence says nothing of is not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// `touch=always|cached|never`
    Touch(String),
    /// `pin=never|once|always`
    Pin(String),
    /// `fips`
    Fips,
    /// `firmware>=X.Y.Z`
    Firmware(Firmware),
    /// `origin=generated`
    Generated,
    /// `not-exportable`
    NotExportable,
    /// `slot=…`
    Slot(String),
    /// `algorithm=…`
    Algorithm(String),
    /// `no-known-weakness`
    NoKnownWeakness,
}

/// A requirement that is not known.
#[derive(Debug, thiserror::Error)]
#[error(
    "not a requirement; there are touch=always|cached|never, pin=never|once|always, fips, firmware>=X.Y.Z, \
     origin=generated, not-exportable, slot=…, algorithm=…, no-known-weakness"
)]
pub struct BadRequirement;

impl FromStr for Requirement {
    type Err = BadRequirement;

    fn from_str(text: &str) -> Result<Self, BadRequirement> {
        if let Some(version) = text.strip_prefix("firmware>=") {
            return version.parse().map(Self::Firmware).map_err(|_| BadRequirement);
        }
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        match (name, value) {
            ("touch", "always" | "cached" | "never") => Ok(Self::Touch(value.to_owned())),
            ("pin", "never" | "once" | "always") => Ok(Self::Pin(value.to_owned())),
            ("slot", slot) if !slot.is_empty() => Ok(Self::Slot(slot.to_ascii_lowercase())),
            ("algorithm", name) if !name.is_empty() => Ok(Self::Algorithm(name.to_owned())),
            _ => match text {
                "fips" => Ok(Self::Fips),
                "origin=generated" => Ok(Self::Generated),
                "not-exportable" => Ok(Self::NotExportable),
                "no-known-weakness" => Ok(Self::NoKnownWeakness),
                _ => Err(BadRequirement),
            },
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Touch(policy) => write!(f, "touch={policy}"),
            Self::Pin(policy) => write!(f, "pin={policy}"),
            Self::Fips => f.write_str("fips"),
            Self::Firmware(version) => write!(f, "firmware>={version}"),
            Self::Generated => f.write_str("origin=generated"),
            Self::NotExportable => f.write_str("not-exportable"),
            Self::Slot(slot) => write!(f, "slot={slot}"),
            Self::Algorithm(name) => write!(f, "algorithm={name}"),
            Self::NoKnownWeakness => f.write_str("no-known-weakness"),
        }
    }
}
