//! Certificate requests as files that a person sends to a CA.

use std::path::Path;

use api::Provisioned;

use crate::atomic;
use crate::failure::Failure;

/// Requests are no secret.
const MODE: u32 = 0o644;

/// Writes one file for each request.
pub(super) fn write(folder: &Path, provisioned: &[Provisioned]) -> Result<(), Failure> {
    let alone = provisioned.len() == 1;
    for key in provisioned {
        let Some(csr) = &key.csr else { continue };
        let path = folder.join(name(key, alone));
        atomic::write(&path, csr.as_bytes(), MODE).map_err(|error| Failure::file(&path, &error))?;
    }
    Ok(())
}

/// Each token of a connector has a key of its own, and so a request of its own.
pub(super) fn name(key: &Provisioned, alone: bool) -> String {
    match alone {
        true => format!("{}.csr.pem", key.connector),
        false => format!("{}.{}.csr.pem", key.connector, key.token),
    }
}
