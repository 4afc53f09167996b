//! Certificates in the state directory: a copy of what the token holds, by connector and token.
//!
//! Written whole or not at all: a temporary file, fsync, rename, fsync of the folder.

use std::fs::{File, OpenOptions, rename};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::draft::SigningKey;
use crate::front::CERTIFICATES;

/// The kept certificate, DER; none if there is none or it cannot be read.
pub(crate) fn read(state: &Path, key: &SigningKey) -> Option<Vec<u8>> {
    std::fs::read(path(state, key)).ok()
}

/// Keeps a certificate.
pub(crate) fn write(state: &Path, key: &SigningKey, certificate: &[u8]) -> io::Result<()> {
    let path = path(state, key);
    let temporary = path.with_extension("tmp");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(certificate)?;
    file.sync_all()?;
    rename(&temporary, &path)?;
    File::open(state.join(CERTIFICATES))?.sync_all()
}

fn path(state: &Path, key: &SigningKey) -> PathBuf {
    // Names are [a-z0-9-]: they cannot leave the folder, and the dot keeps the pair apart.
    state.join(CERTIFICATES).join(format!("{}.{}.der", key.connector, key.token))
}
