//! Small files that are replaced as a whole, and on the disk before a call returns: a draft beside the file takes its place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Puts a text in the place of another, on blocks of its own.
pub(super) fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("tmp");
    create(&draft, text)?;
    take_place(&draft, path)
}

/// Makes a file for ourselves; its text is on the disk, its name is not yet.
pub(super) fn create(path: &Path, text: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

/// Gives a draft that is on the disk the name of the file that it replaces.
pub(super) fn take_place(draft: &Path, path: &Path) -> io::Result<()> {
    fs::rename(draft, path)?;
    File::open(path.parent().unwrap_or(path))?.sync_all()
}
