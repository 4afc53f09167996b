//! Latches on disk: one file per serial, replaced as a whole and durable before the call returns.
//!
//! All are read at the start, and a file that cannot be read stops it: a latch that is lost is a PIN tried again. What
//! was read is written anew, since the page cache gives also what an earlier fsync failed to bring to the disk. Agents of
//! before kept the zero bytes with which some modules fill a serial up: such a latch is the token's all the same.
//! An outcome has its room on the disk from its attempt on ([`file`]). One that the disk refuses all the same is kept here and
//! written as soon as it can be; until then the attempt on disk stands for it. That is laxer in one case only: a refusal of
//! a source that was accepted before, should the agent end before the disk takes it (threat model, 7).

use super::{Decision, Latch};
use hsm_config::Name;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use token::control::{Known, LoginOutcome, PinOrigin};
use token::pkcs11::unpadded;

mod file;

/// The longest serial, in bytes. PKCS#11 has 16, and each may be percent-encoded in a file name.
const MAX_SERIAL_BYTES: usize = 64;
/// How many tokens may ever have been logged in to under one name: a host can make no more of them up.
const MAX_LATCHES: usize = 128;
const ENDING: &str = ".json";

/// The latches of all tokens.
pub(in super::super) struct Store {
    folder: PathBuf,
    latches: BTreeMap<String, Latch>,
    /// Serials whose record is newer here than on disk, or may be.
    unwritten: BTreeSet<String>,
    /// Longer names under which agents of before wrote a serial's record: they go once it is on disk under its own.
    padded: BTreeMap<String, Vec<String>>,
}

/// Why a latch could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(in super::super) enum StoreError {
    #[error("the PIN latches in {0} cannot be used: {1}")]
    Folder(PathBuf, io::Error),
    #[error("the PIN latch {0} cannot be read: {1}; see to that token's PIN, then remove the file")]
    Unreadable(PathBuf, io::Error),
    #[error("the PIN latch {0} cannot be written: {1}")]
    Unwritable(PathBuf, io::Error),
    #[error("the token's serial number is longer than {MAX_SERIAL_BYTES} bytes")]
    Serial,
    #[error(
        "there are {MAX_LATCHES} PIN latches of {0} already; remove those of tokens that are gone, and restart"
    )]
    Full(Name),
}

impl Store {
    /// Reads all latches; the folder is made if it is missing.
    pub(in super::super) fn open(folder: PathBuf) -> Result<Self, StoreError> {
        let latches = make_folder(&folder).and_then(|()| list(&folder));
        let paths = latches.map_err(|error| StoreError::Folder(folder.clone(), error))?;
        let mut store =
            Self { folder, latches: BTreeMap::new(), unwritten: BTreeSet::new(), padded: BTreeMap::new() };
        for path in &paths {
            store.take(read(path)?);
        }
        // A full disk is no reason not to start: they count as they are, and are written once it takes them.
        let _ = store.flush();
        Ok(store)
    }

    /// Takes a latch that was read. Of two of one token, by a serial with and without what fills it up, the stricter counts.
    fn take(&mut self, latch: Latch) {
        let serial = unpadded(&latch.serial);
        if serial != latch.serial {
            self.padded.entry(serial.clone()).or_default().push(latch.serial.clone());
        }
        let latch = Latch { serial: serial.clone(), ..latch };
        let latch = match self.latches.remove(&serial) {
            Some(other) => latch.stricter(other),
            None => latch,
        };
        self.latches.insert(serial.clone(), latch);
        self.unwritten.insert(serial);
    }

    /// Which token this serial was last logged in to as.
    pub(in super::super) fn known_as(&self, serial: &str) -> Result<Option<&Name>, StoreError> {
        if serial.len() > MAX_SERIAL_BYTES {
            return Err(StoreError::Serial);
        }
        Ok(self.latches.get(serial).filter(|latch| !latch.blank).map(|latch| &latch.token))
    }

    /// Decides about a login; where it may be tried, the attempt is durable.
    pub(in super::super) fn attempt(
        &mut self,
        serial: &str,
        token: &Name,
        source: &PinOrigin,
    ) -> Result<Decision, StoreError> {
        let known = self.latches.get(serial).cloned().unwrap_or_else(|| Latch::new(serial, token));
        let number = self.latches.values().map(|latch| latch.number).max().unwrap_or(0).saturating_add(1);
        let latch = Latch { token: token.clone(), number, ..known };
        let decision = latch.decide(source, &now());
        if let Decision::LogIn(attempt) = &decision {
            self.has_room(serial, token)?;
            self.write(attempt, |path, attempt| {
                file::reserve(path, attempt)?;
                file::replace(path, attempt)
            })?;
            self.latches.insert(serial.into(), Latch::clone(attempt));
            self.unwritten.remove(serial);
            self.forget_padded(serial);
        }
        Ok(decision)
    }

    /// Replaces an attempt by its outcome.
    pub(in super::super) fn outcome(
        &mut self,
        serial: &str,
        outcome: &LoginOutcome,
    ) -> Result<(), StoreError> {
        let Some(latch) = self.latches.get_mut(serial) else { return Ok(()) };
        *latch = latch.judged(outcome, &now());
        self.unwritten.insert(serial.into());
        self.flush()
    }

    /// Writes what the disk refused before.
    pub(in super::super) fn flush(&mut self) -> Result<(), StoreError> {
        while let Some(serial) = self.unwritten.first().cloned() {
            if let Some(latch) = self.latches.get(&serial) {
                self.write(latch, file::settle)?;
            }
            self.unwritten.remove(&serial);
            self.forget_padded(&serial);
        }
        Ok(())
    }

    /// Removes what the record of this serial replaces. One that stays is read again at the next start, and counts as now.
    fn forget_padded(&mut self, serial: &str) {
        for padded in self.padded.remove(serial).unwrap_or_default() {
            let removed = fs::remove_file(self.path(&padded));
            let _ = removed.inspect_err(|error| tracing::warn!(%error, "an old PIN latch stays behind"));
        }
    }

    /// Opens the latch of this serial, and forgets that a source was accepted; not that one was refused.
    pub(in super::super) fn clear(&mut self, serial: &str) -> Result<(), StoreError> {
        let Some(latch) = self.latches.get(serial) else { return Ok(()) };
        let latch = latch.cleared();
        self.write(&latch, file::settle)?;
        self.latches.insert(serial.into(), latch);
        self.unwritten.remove(serial);
        self.forget_padded(serial);
        Ok(())
    }

    /// The serial that a login was last allowed to under this token's name.
    pub(in super::super) fn serial_of(&self, token: &Name) -> Option<String> {
        self.last_of(token).map(|latch| latch.serial.clone())
    }

    /// The token that was last logged in to under this name.
    pub(in super::super) fn known(&self, token: &Name) -> Option<Known> {
        self.last_of(token)?.known()
    }

    fn last_of(&self, token: &Name) -> Option<&Latch> {
        let latches = self.latches.values().filter(|latch| latch.token == *token);
        latches.max_by_key(|latch| latch.number)
    }

    fn has_room(&self, serial: &str, token: &Name) -> Result<(), StoreError> {
        let latches = self.latches.values().filter(|latch| latch.token == *token && latch.serial != serial);
        if latches.count() < MAX_LATCHES { Ok(()) } else { Err(StoreError::Full(token.clone())) }
    }

    fn write(
        &self,
        latch: &Latch,
        way: impl FnOnce(&Path, &Latch) -> io::Result<()>,
    ) -> Result<(), StoreError> {
        let path = self.path(&latch.serial);
        way(&path, latch).map_err(|error| StoreError::Unwritable(path, error))
    }

    fn path(&self, serial: &str) -> PathBuf {
        self.folder.join(format!("{}{ENDING}", encode(serial)))
    }
}

/// A serial as a file name: a token chooses it, and it must not choose the path.
fn encode(serial: &str) -> String {
    let mut name = String::new();
    for byte in serial.bytes() {
        let _ = match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' => name.write_char(byte.into()),
            _ => write!(name, "%{byte:02X}"),
        };
    }
    name
}

fn make_folder(folder: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path()));
    let paths: io::Result<Vec<PathBuf>> = paths.collect();
    let (room, paths): (Vec<_>, Vec<_>) = paths?.into_iter().partition(|path| file::is_room(path));
    // Nobody knows whether the room that an agent of before took is on the disk.
    room.iter().for_each(|room| drop(fs::remove_file(room)));
    // A temporary file is a write that never took place. A blank serial's file is all ending.
    let is_latch = |path: &PathBuf| path.as_os_str().as_encoded_bytes().ends_with(ENDING.as_bytes());
    Ok(paths.into_iter().filter(is_latch).collect())
}

fn read(path: &Path) -> Result<Latch, StoreError> {
    file::read(path).map_err(|error| StoreError::Unreadable(path.into(), error))
}

/// The time to the second, RFC 3339.
pub(in super::super) fn now() -> String {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}

#[cfg(test)]
mod tests;
