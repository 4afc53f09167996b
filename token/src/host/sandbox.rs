//! What is left to a host once it is confined: the system's files, its module, its PIN and what its token names.
//!
//! Neither the ledger nor the agent's sockets are among it, and of /etc only what holds no secrets. Other processes'
//! memory, new processes and the network are taken away; only a token that says `network = true` keeps the last, since
//! some HSMs are reached so. A YubiKey's host has no vendor's code in it, and gets less: libraries, its secrets, and
//! pcscd's socket as the one way out.

use std::fs;
use std::path::PathBuf;

use hsm_config::{ManagementKey, PinSource, TokenKind};

use crate::confine::{self, ConfineError, Files};
use crate::control::HostConfig;

/// What modules and the C library read.
const SYSTEM: [&str; 9] =
    ["/usr", "/lib", "/lib32", "/lib64", "/opt", "/proc", "/sys", "/run/pcscd", "/run/dbus"];
/// Where pcscd's socket is.
pub(super) const PCSCD: &str = "/run/pcscd";
/// All else that a YubiKey's host reads: newer libpcsclites load their other half when they are first used.
const LIBRARIES: [&str; 6] = ["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache", "/proc/self"];
/// Devices, and what modules keep in shared memory.
const DEVICES: &str = "/dev";
const ETC: &str = "/etc";
/// What in /etc holds secrets, or ours.
const ETC_SECRETS: [&str; 10] = [
    "shadow",
    "shadow-",
    "gshadow",
    "gshadow-",
    "sudoers",
    "sudoers.d",
    "ssh",
    "credstore",
    "credstore.encrypted",
    "security",
];
/// Configurations of ours, with the PIN files that may lie beside them.
const OURS: &str = "kunci";
/// Where systemd says that a service's credentials are (systemd.exec(5)).
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// Confines this process as a host of this token, for good.
pub fn enter(config: &HostConfig) -> Result<(), ConfineError> {
    confine::undumpable()?;
    confine::no_core()?;
    confine::no_new_privileges()?;
    if !confine::lock_memory() {
        tracing::warn!(
            "memory is not locked, and a PIN may get to the swap: set LimitMEMLOCK=infinity for the agent"
        );
    }
    files(config).confine()?;
    confine::deny(confine::NEVER)?;
    if !config.token.has_network() {
        confine::deny_network()?;
    }
    confine::deny_others()?;
    confine::deny_forks()
}

fn files(config: &HostConfig) -> Files {
    let token = &config.token;
    let management_key = token.management_key.as_ref().and_then(ManagementKey::source);
    let secrets = [Some(&token.pin), token.so_pin.as_ref(), management_key];
    let secrets = secrets.into_iter().flatten().filter_map(pin_path);
    match token.kind {
        TokenKind::YubikeyPiv => {
            Files::none().read(LIBRARIES).read([PCSCD]).read(&token.read_paths).read(secrets)
        }
        TokenKind::Pkcs11 => Files::none()
            .read(SYSTEM)
            .read(readable_etc())
            // The file alone: PIN files may lie beside it. A folder that it needs is below SYSTEM, or in read_paths.
            .read(&token.module)
            .read(&token.read_paths)
            .read(secrets)
            .write([DEVICES])
            .write(&token.paths),
    }
}

/// Where a PIN source lies; a PIN that is typed lies nowhere.
pub(super) fn pin_path(source: &PinSource) -> Option<PathBuf> {
    match source {
        PinSource::File(path) => Some(path.clone()),
        PinSource::Credential(name) => {
            Some(PathBuf::from(std::env::var_os(CREDENTIALS_DIRECTORY)?).join(name))
        }
        PinSource::Prompt => None,
    }
}

/// What lies directly in /etc, without what holds secrets.
fn readable_etc() -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(ETC) else { return Vec::new() };
    let open = |name: &str| !name.starts_with(OURS) && !ETC_SECRETS.contains(&name);
    let entries = entries.flatten().filter(|entry| entry.file_name().to_str().is_some_and(open));
    entries.map(|entry| entry.path()).collect()
}
