//! Tokens: where keys live, through which module they are reached, what that module may touch.
//!
//! A module is vendor code. What is said here is all that its process gets: these environment variables, these
//! paths, and a descriptor of the PIN. Secrets never travel in the environment, where children and /proc show them.
//! One table serves both kinds of token; what only the other kind has is refused.

use crate::agent::absolute;
use crate::alone;
use crate::cka_id::CkaId;
use crate::flaw::Flaw;
use crate::management_key::ManagementKey;
use crate::name::Name;
use crate::pin::PinSource;
use crate::piv::{PinPolicy, PivSlot, TouchPolicy};
use crate::problem::Fault;
use crate::report::Report;
use crate::uri::Pkcs11Uri;
use crate::{duration, schema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How many sessions a token may be given.
const LANES: RangeInclusive<u8> = 1..=16;
/// How long a token may be waited for.
const DEADLINE: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(120);
/// How long a YubiKey waits for a touch before it gives up, with some room.
const TOUCH: Duration = Duration::from_secs(20);
/// What only a token behind a PKCS#11 module has.
const OF_PKCS11: [&str; 6] = ["module", "uri", "so_pin", "key_ids", "paths", "network"];
/// What only a YubiKey has.
const OF_PIV: [&str; 6] =
    ["serial", "management_key", "slots", "pin_policy", "touch_policy", "allow_factory_secrets"];
/// Words that mark an environment variable as a secret.
const SECRET_WORDS: [&str; 3] = ["PIN", "PASSWORD", "SECRET"];

/// A token: an HSM, a TPM, a smart card, or software for trials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// How the token is reached: "pkcs11" through its maker's module, "yubikey-piv" through pcscd.
    pub kind: TokenKind,
    /// The PKCS#11 module, a shared library. It runs in a process of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<PathBuf>,
    /// Which token of the module: an RFC 7512 URI with token, serial, model, manufacturer; never a slot number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<Pkcs11Uri>,
    /// Which YubiKey: its serial number, as it is printed on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<u32>,
    /// Where the PIN is: { credential = "name" } of systemd, { file = "/path" } or { prompt = true }; never inline.
    pub pin: PinSource,
    /// Where the security officer's PIN is. Used by `kunci token init` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub so_pin: Option<PinSource>,
    /// The CKA_ID of each connector's key, in hexadecimal digits, where the module names keys itself. Kunci makes none of
    /// these: the token's own tool does, and then it is adopted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_ids: Option<BTreeMap<Name, CkaId>>,
    /// Where the YubiKey's management key is, in hexadecimal digits: as pin, or { protected = true } where the YubiKey
    /// keeps it behind its PIN. Without it keys sign, and none is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub management_key: Option<ManagementKey>,
    /// The slot of each connector's key: 9a, 9c, 9d, 9e or 82 to 95. A connector that is not named here gets a retired
    /// slot that is free when its key is made.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub slots: BTreeMap<Name, PivSlot>,
    /// How often a new key wants the PIN: once, or always (for each signature).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin_policy: Option<PinPolicy>,
    /// Whether a new key wants a touch for a signature: never, always, or cached (once in 15 seconds).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touch_policy: Option<TouchPolicy>,
    /// Serve a YubiKey that has its factory PIN, PUK or management key. For trials, with allow_software_tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_factory_secrets: Option<bool>,
    /// How many requests the token works on at a time: one session and one thread each, 1 to 16. A
    /// YubiKey has one.
    #[serde(default = "default_lanes")]
    #[schemars(range(min = 1, max = 16))]
    pub lanes: u8,
    /// How long an answer may take before the module's process is killed and started again, 100ms to 2m.
    #[serde(default = "default_deadline", with = "duration")]
    #[schemars(with = "String")]
    pub deadline: Duration,
    /// The environment that the module needs. Never a secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Files and folders that the module may write. All others are closed to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<PathBuf>,
    /// Files and folders that the module may read, besides the system's libraries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read_paths: Vec<PathBuf>,
    /// Whether the module may use the network, for HSMs that are reached over one. Without it, it has local sockets only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<bool>,
    /// Requirements that its keys may fail and sign all the same, each by its code. `kunci token check` names them.
    #[serde(default)]
    pub exceptions: Vec<Flaw>,
}

/// How a token is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TokenKind {
    /// Through a PKCS#11 module.
    Pkcs11,
    /// A YubiKey's PIV application, through pcscd.
    YubikeyPiv,
}

/// What a token is reached by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach<'a> {
    /// A token of a PKCS#11 module.
    Pkcs11 {
        /// The shared library.
        module: &'a Path,
        /// Which of its tokens.
        uri: &'a Pkcs11Uri,
    },
    /// A YubiKey with this serial number.
    YubikeyPiv {
        /// As it is printed on it.
        serial: u32,
    },
}

fn default_lanes() -> u8 {
    4
}

fn default_deadline() -> Duration {
    Duration::from_secs(10)
}

/// Nobody waits at a prompt for the security officer's PIN: it is used once, by `kunci token init`.
fn check_so_pin(source: &PinSource) -> Result<(), Fault> {
    if *source == PinSource::Prompt {
        let help = "write it to a file of mode 0600, name that with { file = \"/path\" }, and after `kunci token init` keep it where the agent does not run";
        return Err(Fault::value("the security officer's PIN cannot be typed", help));
    }
    source.check()
}

impl Token {
    /// What the token is reached by; `None` only of a token that was never checked.
    pub fn reach(&self) -> Option<Reach<'_>> {
        match self.kind {
            TokenKind::Pkcs11 => {
                Some(Reach::Pkcs11 { module: self.module.as_deref()?, uri: self.uri.as_ref()? })
            }
            TokenKind::YubikeyPiv => Some(Reach::YubikeyPiv { serial: self.serial? }),
        }
    }

    /// How many lanes it gets. A YubiKey does one thing at a time.
    pub fn sessions(&self) -> u8 {
        if self.kind == TokenKind::YubikeyPiv { 1 } else { self.lanes }
    }

    /// How long a signature may take: where somebody has to touch the token, that takes longer than the token does.
    pub fn patience(&self) -> Duration {
        match self.touch_policy.unwrap_or_default() {
            TouchPolicy::Never => self.deadline,
            TouchPolicy::Always | TouchPolicy::Cached => self.deadline + TOUCH,
        }
    }

    /// Whether its host may make other sockets than local ones.
    pub fn has_network(&self) -> bool {
        self.network == Some(true)
    }

    /// Whether a person types any of its secrets.
    pub fn is_prompted(&self) -> bool {
        let management_key = self.management_key.as_ref().and_then(ManagementKey::source);
        [Some(&self.pin), management_key].contains(&Some(&PinSource::Prompt))
    }

    pub(crate) fn check(&self, report: &mut Report<'_>) {
        self.check_kind(report);
        report.expect("module", self.module.as_deref().map_or(Ok(()), absolute));
        report.expect("pin", self.pin.check());
        report.expect("so_pin", self.so_pin.as_ref().map_or(Ok(()), check_so_pin));
        report.expect("management_key", self.management_key.as_ref().map_or(Ok(()), ManagementKey::check));
        for connector in self.slots.keys() {
            let alone = alone::check(&self.slots, "slot", connector);
            report.within("slots").expect(connector.as_str(), alone);
        }
        for (ids, connector) in self.key_ids.iter().flat_map(|ids| ids.keys().map(move |name| (ids, name))) {
            let alone = alone::check(ids, "CKA_ID", connector);
            report.within("key_ids").expect(connector.as_str(), alone);
        }
        report.expect("lanes", self.check_lanes(report.has("lanes")));
        report.expect("deadline", duration::within(self.deadline, &DEADLINE));
        for name in self.env.keys() {
            report.within("env").expect(name, check_variable(name));
        }
        for (field, paths) in [("paths", &self.paths), ("read_paths", &self.read_paths)] {
            for (index, path) in paths.iter().enumerate() {
                report.expect_item(field, index, absolute(path));
            }
        }
        Flaw::check_exceptions(&self.exceptions, report);
    }

    /// Asks for what this kind of token needs, and refuses what only the other has.
    fn check_kind(&self, report: &mut Report<'_>) {
        let (needed, foreign, other): (&[&str], &[&str], _) = match self.kind {
            TokenKind::Pkcs11 => (&["module", "uri"], &OF_PIV, "yubikey-piv"),
            TokenKind::YubikeyPiv => (&["serial"], &OF_PKCS11, "pkcs11"),
        };
        for field in needed.iter().copied() {
            if !report.has(field) {
                let about = schema::fields::<Self>().into_iter().find(|known| known.name == field);
                let about = about.map(|known| known.about).unwrap_or_default();
                let help = format!("add {field} = …  # {about}");
                report.refuse(Fault::new("missing-field", format!("{field} is missing"), help));
            }
        }
        for field in foreign.iter().copied() {
            if report.has(field) {
                let what = format!("{field} is for tokens of kind \"{other}\"");
                report.expect(field, Err(Fault::new("wrong-kind", what, "remove it, or change kind")));
            }
        }
    }

    fn check_lanes(&self, given: bool) -> Result<(), Fault> {
        let out_of_range =
            |help| Fault::new("out-of-range", format!("{} lanes cannot be opened", self.lanes), help);
        if self.kind == TokenKind::YubikeyPiv && given && self.lanes != self.sessions() {
            return Err(out_of_range("a YubiKey does one thing at a time: remove it".to_owned()));
        }
        if LANES.contains(&self.lanes) {
            return Ok(());
        }
        Err(out_of_range(format!("write a number from {} to {}", LANES.start(), LANES.end())))
    }
}

fn check_variable(name: &str) -> Result<(), Fault> {
    let upper = name.to_ascii_uppercase();
    if SECRET_WORDS.iter().any(|word| upper.contains(word)) {
        let help = "name the PIN's source in pin; a secret never goes into the environment";
        return Err(Fault::new("secret-in-environment", format!("{name:?} looks like a secret"), help));
    }
    if upper.starts_with("LD_") {
        let what = format!("{name:?} would change which code the module's process runs");
        return Err(Fault::new(
            "loader-variable",
            what,
            "remove it, and install the module where it finds its libraries",
        ));
    }
    let letters = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    if name.is_empty() || name.as_bytes()[0].is_ascii_digit() || !name.bytes().all(letters) {
        let help = "write letters, digits and _, as SOFTHSM2_CONF";
        return Err(Fault::value(format!("{name:?} is not the name of a variable"), help));
    }
    Ok(())
}
