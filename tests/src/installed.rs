//! What is installed: the project's binaries, what cargo built beside this program, and Debian's modules and libraries.
//!
//! What is missing fails loudly, with the command that brings it.

use std::fs;
use std::path::PathBuf;

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
    there(folder.join(name))
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
