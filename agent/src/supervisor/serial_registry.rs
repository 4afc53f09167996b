//! Which token a serial number belongs to: what a host may call the token that it serves.
//!
//! A host's word alone does not tie it to a token: one that was taken over could have another's PIN latched, or its latch
//! cleared in its place. So a serial is its token's that names it in the configuration; else that token's that it was last
//! logged in to as, if that is still configured; else whoever comes first.

use std::collections::BTreeMap;

use hsm_config::{Name, Reach};
use token::control::{HostConfig, PinOrigin};

/// The configured tokens, and the serial number of each that is configured with one.
pub(super) struct SerialRegistry(BTreeMap<Name, Option<String>>);

/// Why a host may not call its token so.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Foreign {
    #[error("the token says another serial number than its configuration; correct it there")]
    NotConfigured,
    #[error("a token with this serial number is configured as {0}; give each its own serial number")]
    Configured(Name),
    #[error(
        "the token with this serial number is known as {0}; if it is this one now, add its serial number to its configuration"
    )]
    Known(Name),
}

impl SerialRegistry {
    pub(super) fn new<'a>(hosts: impl IntoIterator<Item = &'a HostConfig>) -> Self {
        let serial = |host: &HostConfig| match host.token.reach()? {
            Reach::Pkcs11 { uri, .. } => uri.serial().map(str::to_owned),
            Reach::YubikeyPiv { serial } => Some(serial.to_string()),
        };
        Self(hosts.into_iter().map(|host| (host.name.clone(), serial(host))).collect())
    }

    /// Judges a host that wants to log in to this serial, or to initialise it, which is `known` as another perhaps.
    pub(super) fn judge(
        &self,
        token: &Name,
        serial: &str,
        source: &PinOrigin,
        known: Option<&Name>,
    ) -> Result<(), Foreign> {
        // Padding at the end is none of the number.
        let serial = serial.trim_end_matches(' ');
        let is_blank = matches!(source, PinOrigin::Officer(_));
        match self.0.get(token).and_then(Option::as_deref) {
            Some(own) if own == serial => return Ok(()),
            // A blank token's slot stands in for a number that the token does not have yet.
            Some(_) if !is_blank => return Err(Foreign::NotConfigured),
            _ => {}
        }
        if let Some((other, _)) = self.0.iter().find(|(_, own)| own.as_deref() == Some(serial)) {
            return Err(Foreign::Configured(other.clone()));
        }
        match known.filter(|other| *other != token && self.0.contains_key(*other)) {
            Some(other) => Err(Foreign::Known(other.clone())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hsm_config::PinIdentity;

    const OFFICER: PinOrigin = PinOrigin::Officer(PinIdentity { device: 1, inode: 1, mtime_ns: 1 });

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    fn registry() -> SerialRegistry {
        SerialRegistry(
            [("a", None), ("b", Some("7")), ("c", None)].map(|(a, b)| (name(a), b.map(Into::into))).into(),
        )
    }

    fn judged(token: &str, serial: &str, source: &PinOrigin, known: Option<&str>) -> Result<(), Foreign> {
        registry().judge(&name(token), serial, source, known.map(name).as_ref())
    }

    #[test]
    fn a_serial_that_is_configured_is_nobody_elses() {
        for source in [PinOrigin::Prompt, OFFICER] {
            assert_eq!(judged("a", "7", &source, None), Err(Foreign::Configured(name("b"))));
            assert_eq!(judged("a", "7  ", &source, Some("a")), Err(Foreign::Configured(name("b"))));
            assert_eq!(judged("b", "7", &source, Some("a")), Ok(()));
        }
        assert_eq!(judged("b", "8", &PinOrigin::Prompt, None), Err(Foreign::NotConfigured));
        assert_eq!(judged("b", "slot 1", &OFFICER, None), Ok(()));
    }

    #[test]
    fn a_serial_is_the_tokens_that_it_was_last_logged_in_to_as() {
        for source in [PinOrigin::Prompt, OFFICER] {
            assert_eq!(judged("a", "9", &source, Some("c")), Err(Foreign::Known(name("c"))));
            assert_eq!(judged("c", "9", &source, Some("c")), Ok(()));
        }
        assert_eq!(judged("a", "9", &PinOrigin::Prompt, Some("gone")), Ok(()));
        assert_eq!(judged("a", "9", &PinOrigin::Prompt, None), Ok(()));
    }
}
