//! PIN sources: where a token's PIN is, never what it is.
//!
//! A source opens to a descriptor, which goes to the token's host. Which PIN it held is told apart by the file's
//! device, inode and time of change, never by a hash: PINs are short enough to be guessed from one.

use crate::agent::absolute;
use crate::problem::Fault;
use crate::secret_source;
use crate::trusted::{ANY_BY_OTHERS, Distrust, Trust, ourselves};
use rustix::fs::Stat;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Deserializer, Serialize};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// The largest PIN file, in bytes.
const MAX_PIN_FILE_BYTES: u64 = 4096;
/// The longest name of a credential, in bytes: a file name.
const MAX_CREDENTIAL_BYTES: usize = 255;
/// Where systemd says that a service's credentials are (systemd.exec(5)).
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";
/// Credentials may be root's with mode 0440, because systemd opens them to the service's user by an ACL, and
/// an ACL's mask shows in the group's bits.
const BEYOND_A_CREDENTIAL: u32 = 0o037;
const HELP: &str = "write { credential = \"NAME\" }, { file = \"/PATH\" } or { prompt = true }";

/// Where a PIN is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "Written")]
pub enum PinSource {
    /// A credential of the systemd unit: the file of this name in `$CREDENTIALS_DIRECTORY`.
    Credential(String),
    /// A file that only root or the agent's user can read.
    File(PathBuf),
    /// An operator types it: `kunci token unlock`.
    Prompt,
}

/// The table that stands in the file.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<bool>,
}

/// A PIN's file, open and unread.
#[derive(Debug)]
pub struct PinFile {
    /// The open file, at its beginning.
    pub fd: OwnedFd,
    /// Which file it is.
    pub identity: PinIdentity,
}

/// Which file a PIN came from; another after every change of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinIdentity {
    /// The device.
    pub device: u64,
    /// The inode on that device.
    pub inode: u64,
    /// The time of the last change, in nanoseconds since 1970.
    pub mtime_ns: i64,
}

/// Why a PIN's source could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct PinError {
    what: String,
    help: String,
}

impl PinSource {
    /// Opens the source; `None` where an operator must type the PIN. The PIN itself is not read.
    pub fn open(&self) -> Result<Option<PinFile>, PinError> {
        self.open_within(std::env::var_os(CREDENTIALS_DIRECTORY).as_deref().map(Path::new))
    }

    fn open_within(&self, credentials: Option<&Path>) -> Result<Option<PinFile>, PinError> {
        let (path, forbidden) = match self {
            Self::Prompt => return Ok(None),
            Self::File(path) => (path.clone(), ANY_BY_OTHERS),
            Self::Credential(name) => {
                let folder = credentials.ok_or_else(|| PinError::no_credentials(name))?;
                (folder.join(name), BEYOND_A_CREDENTIAL)
            }
        };
        self.check().map_err(|fault| PinError { what: fault.what, help: fault.help })?;
        let us = ourselves();
        let (fd, stat) =
            opened(&path, forbidden, us).map_err(|distrust| PinError::distrust(&path, &distrust, us))?;
        Ok(Some(PinFile { fd, identity: PinIdentity::of(&stat) }))
    }

    /// Refuses a credential that leaves its folder and a file that depends on where we were started.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        match self {
            Self::File(path) => absolute(path),
            Self::Prompt => Ok(()),
            Self::Credential(name) => {
                let fits = (1..=MAX_CREDENTIAL_BYTES).contains(&name.len()) && !name.contains(['/', '\0']);
                if fits && name != "." && name != ".." {
                    return Ok(());
                }
                let what = "this is not the name of a credential";
                Err(Fault::value(what, "write the name that LoadCredential= gives it, without a folder"))
            }
        }
    }
}

/// Whether a PIN's file can be opened by this user, as the agent's host opens it. The PIN is not read.
pub(crate) fn check_file(path: &Path, us: u32) -> Result<(), (Distrust, Fault)> {
    opened(path, ANY_BY_OTHERS, us).map(drop).map_err(|distrust| {
        let PinError { what, help } = PinError::distrust(path, &distrust, us);
        let fault = Fault::new(distrust.code(), what, help);
        (distrust, fault)
    })
}

fn opened(path: &Path, forbidden: u32, us: u32) -> Result<(OwnedFd, Stat), Distrust> {
    Trust { forbidden, follow: false, max_bytes: MAX_PIN_FILE_BYTES, us }.open(path)
}

impl PinIdentity {
    fn of(stat: &Stat) -> Self {
        let nanos = i64::try_from(stat.st_mtime_nsec).unwrap_or(0);
        let mtime_ns = stat.st_mtime.saturating_mul(1_000_000_000).saturating_add(nanos);
        Self { device: stat.st_dev, inode: stat.st_ino, mtime_ns }
    }
}

impl PinError {
    /// What to do about it.
    pub fn help(&self) -> &str {
        &self.help
    }

    fn no_credentials(name: &str) -> Self {
        Self {
            what: format!("the PIN's credential {name:?} is not there: {CREDENTIALS_DIRECTORY} is not set"),
            help: format!(
                "start the agent by systemd with LoadCredentialEncrypted={name}:…, or use {{ file = … }}"
            ),
        }
    }

    fn distrust(path: &Path, distrust: &Distrust, us: u32) -> Self {
        let what = format!("the PIN's file {} cannot be used: {distrust}", path.display());
        // A PIN's file is read by its owner alone, so its owner has to be who reads it.
        let help = match distrust {
            Distrust::Owner { .. } => format!("chown {us} {}", path.display()),
            distrust => distrust.help(path),
        };
        Self { what, help }
    }
}

impl TryFrom<Written> for PinSource {
    type Error = Fault;

    fn try_from(written: Written) -> Result<Self, Fault> {
        match (written.credential, written.file, written.prompt) {
            (Some(name), None, None) => Ok(Self::Credential(name)),
            (None, Some(path), None) => Ok(Self::File(path)),
            (None, None, Some(true)) => Ok(Self::Prompt),
            _ => Err(Fault::value("a PIN has exactly one source", HELP)),
        }
    }
}

impl From<PinSource> for Written {
    fn from(source: PinSource) -> Self {
        match source {
            PinSource::Credential(name) => Self { credential: Some(name), ..Self::default() },
            PinSource::File(path) => Self { file: Some(path), ..Self::default() },
            PinSource::Prompt => Self { prompt: Some(true), ..Self::default() },
        }
    }
}

impl<'de> Deserialize<'de> for PinSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        secret_source::read::<Written, _, _>(deserializer, || {
            let help = format!("change this PIN, then {HELP}");
            Fault::value("a PIN never stands in the configuration", help)
        })
    }
}

impl JsonSchema for PinSource {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PinSource".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> Schema {
        secret_source::schema("Where a PIN is.", &secret_source::common())
    }
}

#[cfg(test)]
mod tests;
