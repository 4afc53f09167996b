//! The files that are meant: those that are named, and what is below a folder that is named, in the order of their names.

use std::fs;
use std::path::{Path, PathBuf};

use quoted::Quoted;

use crate::failure::Failure;

/// The most files; a storage account has one for each hour.
const MAX_FILES: usize = 100_000;
/// How deep folders may lie in each other; a storage account's path has 14.
const MAX_DEPTH: usize = 32;

/// All files that are named, or lie below what is.
pub(super) fn below(named: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in named {
        let before = found.len();
        walk(path, MAX_DEPTH, &mut found)?;
        if found.len() == before {
            let title = format!("{} has no file", Quoted::path(path));
            return Err(Failure::usage("no-sign-ins", title, "Name the exports, or a folder with them."));
        }
    }
    Ok(found)
}

/// The files of one folder, and of none below it.
pub(super) fn of(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    Ok(entries(folder)?.into_iter().filter(|path| path.is_file()).collect())
}

fn walk(path: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    if !path.is_dir() {
        found.push(path.to_owned());
    } else if depth > 0 {
        entries(path)?.iter().try_for_each(|entry| walk(entry, depth - 1, found))?;
    }
    match found.len() > MAX_FILES {
        true => Err(Failure::usage(
            "too-many-files",
            format!("There are more than {MAX_FILES} files"),
            "Give a part of them at a time.",
        )),
        false => Ok(()),
    }
}

/// Hidden files aside.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error: std::io::Error| Failure::file(folder, &error);
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)?.take(MAX_FILES + 1) {
        let entry = entry.map_err(unreadable)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            paths.push(entry.path());
        }
    }
    paths.sort_unstable();
    Ok(paths)
}
