//! Tokens: where keys live, through which module they are reached, what that module may touch.
//!
//! A module is vendor code. What is said here is all that its process gets: these environment variables, these
//! paths, and a descriptor of the PIN. Secrets never travel in the environment, where children and /proc show them.

use crate::agent::absolute;
use crate::duration;
use crate::pin::PinSource;
use crate::problem::Fault;
use crate::report::Report;
use crate::uri::Pkcs11Uri;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// How many sessions a token may be given.
const LANES: RangeInclusive<u8> = 1..=16;
/// How long a token may be waited for.
const DEADLINE: RangeInclusive<Duration> = Duration::from_millis(100)..=Duration::from_secs(120);
/// Words that mark an environment variable as a secret.
const SECRET_WORDS: [&str; 3] = ["PIN", "PASSWORD", "SECRET"];

/// A token: an HSM, a TPM, a smart card, or software for trials.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// How the token is reached: "pkcs11" through its maker's module.
    pub kind: TokenKind,
    /// The PKCS#11 module, a shared library. It runs in a process of its own.
    pub module: PathBuf,
    /// Which token of the module: an RFC 7512 URI with token, serial, model, manufacturer; never a slot number.
    pub uri: Pkcs11Uri,
    /// Where the PIN is: { credential = "name" } of systemd, { file = "/path" } or { prompt = true }; never inline.
    pub pin: PinSource,
    /// Where the security officer's PIN is. Used by `kunci token init` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub so_pin: Option<PinSource>,
    /// How many requests the token works on at a time: one session and one thread each, 1 to 16.
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
}

/// How a token is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TokenKind {
    /// Through a PKCS#11 module.
    Pkcs11,
    /// A YubiKey's PIV application. Known by name, and not yet supported.
    YubikeyPiv,
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
        let help = "write it to a file of mode 0600, name that with { file = \"/path\" }, and remove both after `kunci token init`";
        return Err(Fault::value("the security officer's PIN cannot be typed", help));
    }
    source.check()
}

impl Token {
    pub(crate) fn check(&self, report: &mut Report<'_>) {
        report.expect("kind", self.check_kind());
        report.expect("module", absolute(&self.module));
        report.expect("pin", self.pin.check());
        report.expect("so_pin", self.so_pin.as_ref().map_or(Ok(()), check_so_pin));
        report.expect("lanes", self.check_lanes());
        report.expect("deadline", duration::within(self.deadline, &DEADLINE));
        for name in self.env.keys() {
            report.within("env").expect(name, check_variable(name));
        }
        for (field, paths) in [("paths", &self.paths), ("read_paths", &self.read_paths)] {
            for (index, path) in paths.iter().enumerate() {
                report.expect_item(field, index, absolute(path));
            }
        }
    }

    fn check_kind(&self) -> Result<(), Fault> {
        match self.kind {
            TokenKind::Pkcs11 => Ok(()),
            TokenKind::YubikeyPiv => Err(Fault::new(
                "not-supported",
                "this version cannot reach a YubiKey's PIV application directly",
                "it comes with a later version; use kind = \"pkcs11\" with a token that its maker's module reaches",
            )),
        }
    }

    fn check_lanes(&self) -> Result<(), Fault> {
        if LANES.contains(&self.lanes) {
            return Ok(());
        }
        let help = format!("write a number from {} to {}", LANES.start(), LANES.end());
        Err(Fault::new("out-of-range", format!("{} lanes cannot be opened", self.lanes), help))
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
