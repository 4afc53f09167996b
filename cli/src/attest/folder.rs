//! `--roots DIR`: TPM makers' roots from a folder, each held against the folder's own list of digests.
//!
//! Whoever can add a file to a folder must not add a root: what the list does not have is refused, and so is a folder without a
//! list. The roots vouch for TPMs alone.

use std::fs;
use std::path::{Path, PathBuf};

use attest::{Anchor, Malformed, Sha256};
use quoted::Quoted;

use super::file;
use crate::failure::Failure;

/// The list: SHA-256 of each root's DER and its name, as sha256sum writes them.
pub(super) const LIST: &str = "tpm-roots.sha256";
/// The most files of a folder.
const MAX_FILES: usize = 256;

/// All roots of a folder, or the file that is none of certificates.
pub(super) fn roots(dir: &Path) -> Result<Result<Vec<Anchor>, (PathBuf, Malformed)>, Failure> {
    let listed = listed(dir)?;
    let mut roots = Vec::new();
    for path in files(dir)? {
        match Anchor::of_tpm_makers(&file::read(&path)?) {
            Ok(found) => roots.extend(found.into_iter().map(|root| (path.clone(), root))),
            Err(why) => return Ok(Err((path, why))),
        }
    }
    match roots.iter().find(|(_, root)| !listed.contains(&root.sha256())) {
        Some((path, root)) => Err(unlisted(path, root)),
        None => Ok(Ok(roots.into_iter().map(|(_, root)| root).collect())),
    }
}

fn listed(dir: &Path) -> Result<Vec<Sha256>, Failure> {
    let path = dir.join(LIST);
    if !path.exists() {
        let title = format!("{} has no list of digests, {LIST}", Quoted::path(dir));
        return Err(Failure::usage("no-list", title, HELP));
    }
    let text = String::from_utf8(file::read(&path)?).map_err(|_| unreadable(&path, 0))?;
    let lines =
        text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    lines.map(|(at, line)| digest(line).ok_or_else(|| unreadable(&path, at + 1))).collect()
}

fn digest(line: &str) -> Option<Sha256> {
    attest::hex::parse(line.split_whitespace().next()?).ok().map(Sha256)
}

/// In the order of their names; hidden files, folders and the list aside.
fn files(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error: std::io::Error| Failure::file(dir, &error);
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && name != LIST && entry.path().is_file() {
            found.push(entry.path());
        }
    }
    found.sort();
    if found.len() > MAX_FILES {
        let title = format!("{} has more than {MAX_FILES} files", Quoted::path(dir));
        return Err(Failure::usage("too-many-files", title, "Keep nothing but roots there."));
    }
    Ok(found)
}

fn unlisted(path: &Path, root: &Anchor) -> Failure {
    let (path, name, sha256) = (Quoted::path(path), Quoted(root.name()), root.sha256());
    Failure::usage(
        "root-not-listed",
        format!("{path} holds {name}, SHA-256 {sha256}, which {LIST} has not"),
        HELP,
    )
}

fn unreadable(path: &Path, line: usize) -> Failure {
    let title = format!("{}: line {line} does not begin with a SHA-256", Quoted::path(path));
    Failure::usage("file-unusable", title, HELP)
}

const HELP: &str = "The list has a line for each root: SHA-256 of its DER, and a name. Compare each with what its maker publishes \
                    before you write it there: `openssl x509 -in ROOT -outform der | sha256sum`";
