//! A latch's file: replaced as a whole, and on the disk before a call returns.
//!
//! An attempt takes the room of its outcome with it. Beside the latch lies a second file, as long as any outcome can make the
//! record, full of blanks and on the disk before the attempt is; the outcome is written over them, and the file takes the
//! latch's place. So a disk that filled up meanwhile takes the outcome too, where it writes in place (ext4, XFS, tmpfs; not
//! btrfs or ZFS). One that is torn was never renamed: the attempt stands. JSON may end in blanks, so that agents of before
//! read such a file.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::Latch;
use crate::supervisor::durable::{self, create, take_place};

/// The most bytes that an outcome adds to a record: a text of 512 bytes, each escaped as six, and what stands around it.
const OUTCOME_BYTES: usize = 4096;
/// The extension of the file that holds an outcome's room.
const ROOM: &str = "outcome";
const BLANK: u8 = b' ';

/// Reads a latch.
pub(super) fn read(path: &Path) -> io::Result<Latch> {
    Ok(serde_json::from_slice(&fs::read(path)?)?)
}

/// Puts a record in the place of another, on blocks of its own.
pub(super) fn replace(path: &Path, latch: &Latch) -> io::Result<()> {
    durable::replace(path, &serde_json::to_vec(latch)?)
}

/// Takes the room for what comes of an attempt. Its name is durable with the attempt's.
pub(super) fn reserve(path: &Path, attempt: &Latch) -> io::Result<()> {
    create(&room(path), &vec![BLANK; serde_json::to_vec(attempt)?.len() + OUTCOME_BYTES])
}

/// Puts an outcome in its attempt's place, on the blocks that were taken for it; without them, as any record.
pub(super) fn settle(path: &Path, latch: &Latch) -> io::Result<()> {
    over_blanks(path, latch).or_else(|_| replace(path, latch))
}

fn over_blanks(path: &Path, latch: &Latch) -> io::Result<()> {
    let room = room(path);
    let mut file = OpenOptions::new().write(true).open(&room)?;
    let mut text = serde_json::to_vec(latch)?;
    text.resize(usize::try_from(file.metadata()?.len()).unwrap_or(0).max(text.len()), BLANK);
    file.write_all(&text)?;
    file.sync_all()?;
    take_place(&room, path)
}

/// Whether this file holds an outcome's room.
pub(super) fn is_room(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == ROOM)
}

fn room(path: &Path) -> PathBuf {
    path.with_extension(ROOM)
}
