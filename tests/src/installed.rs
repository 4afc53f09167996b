//! What is installed: the project's binaries, what cargo built beside this program, and Debian's modules and libraries.
//!
//! What is missing fails loudly, with the command that brings it, and so does what was built before its sources were edited.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A binary of the project: from `KUNCI_BIN_DIR`, else beside this program.
pub fn binary(name: &str) -> PathBuf {
    match std::env::var_os("KUNCI_BIN_DIR") {
        Some(folder) => there(PathBuf::from(folder).join(name)),
        None => beside(name),
    }
}

/// What cargo built beside this program, which is a test in `deps` or a program itself.
pub fn beside(name: &str) -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let folder = program.parent().unwrap();
    let folder = if folder.ends_with("deps") { folder.parent().unwrap() } else { folder };
    let path = there(folder.join(name));
    if let Some(source) = newer_source(&path) {
        panic!("{} is older than {}: run cargo build --workspace first", path.display(), source.display());
    }
    path
}

/// A source that was edited after cargo built a program of it, as the list beside it tells (`kunci.d` of `kunci`).
pub fn newer_source(program: &Path) -> Option<PathBuf> {
    let built = edited(program)?;
    let list = fs::read_to_string(program.with_extension("d")).ok()?;
    // As in a makefile: the program, a colon, its sources, with a backslash before each space of a name.
    let (_, sources) = list.split_once(": ")?;
    let sources = sources.trim_end().replace("\\ ", "\0");
    let sources = sources.split(' ').map(|source| PathBuf::from(source.replace('\0', " ")));
    sources.into_iter().find(|source| edited(source).is_some_and(|edited| edited > built))
}

fn edited(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

fn there(path: PathBuf) -> PathBuf {
    assert!(path.exists(), "{} is missing: run cargo build --workspace first", path.display());
    path
}

/// SoftHSM2's module.
pub fn softhsm() -> PathBuf {
    let path = PathBuf::from("/usr/lib/softhsm/libsofthsm2.so");
    assert!(path.exists(), "{} is missing: apt-get install softhsm2", path.display());
    path
}

/// A library of a Debian package, wherever this machine's architecture has it.
pub fn library(name: &str, package: &str) -> PathBuf {
    let folders = fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path().join(name));
    folders
        .into_iter()
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("{name} is missing: apt-get install {package}"))
}
