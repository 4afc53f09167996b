//! What was signed of the ledger: for each origin the size and root of its last checkpoint, and the keys that may sign for it.
//!
//! It lies where the front cannot write, and it is what keeps two checkpoints of one origin from contradicting each other: a host
//! signs only what goes on from the last one, and only after that is durable here. So it belongs to the origin and outlives key
//! and token. A key gets onto the list only when it is made: where the file is lost, the keys of before sign nothing any more, and
//! nothing can be begun anew under the same key.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use token::Sha256;
use token::message::TreeHead;

use super::durable;
use crate::ipc::link::Signed;

/// How many keys an origin may ever have: each takes an admin who makes it, or a front that was taken over.
const MAX_KEYS: usize = 64;
const ENDING: &str = "json";

/// What was signed under every origin.
pub(super) struct SignedHeads {
    folder: PathBuf,
    origins: BTreeMap<String, Signed>,
}

/// Why nothing is signed.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error(
        "what was signed last under the origin {0} is not known; write a new origin into [ledger], restart, and run kunci log init-key"
    )]
    Unknown(String),
    #[error("this key was never made for the origin {0}")]
    Foreign(String),
    #[error("another checkpoint was signed last: of {} entries, with the root {}", .0.size, .0.root)]
    Fork(TreeHead),
    #[error("the origin {0} had {MAX_KEYS} keys already")]
    Full(String),
    #[error("{0} cannot be read; move it aside and write a new origin into [ledger]")]
    Unreadable(PathBuf),
    #[error("it cannot be made durable: {0}")]
    Disk(#[from] io::Error),
}

impl SignedHeads {
    /// Reads what was signed; the folder is made if it is missing. A file that cannot be read is as good as lost, and costs
    /// checkpoints alone.
    pub(super) fn open(folder: PathBuf) -> io::Result<Self> {
        match DirBuilder::new().mode(0o700).create(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        let mut origins = BTreeMap::new();
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.extension().is_none_or(|extension| extension != ENDING) {
                continue;
            }
            match read(&path) {
                Ok(signed) => drop(origins.insert(signed.origin.clone(), signed)),
                Err(error) => {
                    let path = path.display();
                    tracing::error!(%path, %error, "what was signed last cannot be read, so no checkpoint of that origin is");
                }
            }
        }
        Ok(Self { folder, origins })
    }

    /// What was signed under an origin.
    pub(super) fn of(&self, origin: &str) -> Option<&Signed> {
        self.origins.get(origin)
    }

    /// Every key that is or was the ledger's.
    pub(super) fn keys(&self) -> Vec<Sha256> {
        self.origins.values().flat_map(|signed| signed.keys.iter().copied()).collect()
    }

    /// Lets a checkpoint be signed that goes on from the last one; durable when this returns.
    pub(super) fn allow(
        &mut self,
        origin: &str,
        key: Sha256,
        last: TreeHead,
        next: TreeHead,
    ) -> Result<&Signed, Refusal> {
        let signed = self.origins.get(origin).ok_or_else(|| Refusal::Unknown(origin.into()))?;
        let signed = signed.allow(key, last, next)?;
        self.keep(signed)
    }

    /// Adds a key that was just made; the origin begins with its first one.
    pub(super) fn register(&mut self, origin: &str, key: Sha256) -> Result<&Signed, Refusal> {
        let signed = match self.origins.get(origin) {
            Some(signed) => signed.with_key(key)?,
            None if self.path(origin).exists() => return Err(Refusal::Unreadable(self.path(origin))),
            None => Signed { origin: origin.into(), last: TreeHead::empty(), at: 0, keys: vec![key] },
        };
        self.keep(signed)
    }

    /// Also what is as before: the file that was read may never have come to the disk.
    fn keep(&mut self, signed: Signed) -> Result<&Signed, Refusal> {
        durable::replace(&self.path(&signed.origin), &serde_json::to_vec(&signed).map_err(io::Error::from)?)?;
        let origin = signed.origin.clone();
        let kept = self.origins.entry(origin).or_insert_with(|| signed.clone());
        *kept = signed;
        Ok(kept)
    }

    /// An origin holds what no file name can.
    fn path(&self, origin: &str) -> PathBuf {
        self.folder.join(Sha256::of(origin.as_bytes()).to_string()).with_extension(ENDING)
    }
}

impl Signed {
    /// After this checkpoint was signed. The same one may be signed again: it is when the log does not grow, and when the token
    /// failed at the first try.
    fn allow(&self, key: Sha256, last: TreeHead, next: TreeHead) -> Result<Self, Refusal> {
        if !self.keys.contains(&key) {
            return Err(Refusal::Foreign(self.origin.clone()));
        }
        let goes_on = last == self.last && next.size > last.size;
        if next != self.last && !goes_on {
            return Err(Refusal::Fork(self.last));
        }
        let at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Ok(Self { last: next, at, ..self.clone() })
    }

    fn with_key(&self, key: Sha256) -> Result<Self, Refusal> {
        let mut keys = self.keys.clone();
        if !keys.contains(&key) {
            keys.push(key);
        }
        if keys.len() > MAX_KEYS {
            Err(Refusal::Full(self.origin.clone()))
        } else {
            Ok(Self { keys, ..self.clone() })
        }
    }
}

fn read(path: &Path) -> io::Result<Signed> {
    let signed: Signed = serde_json::from_slice(&fs::read(path)?)?;
    let name = Sha256::of(signed.origin.as_bytes()).to_string();
    match path.file_stem().is_some_and(|stem| stem.to_str() == Some(name.as_str())) {
        true => Ok(signed),
        false => Err(io::Error::new(io::ErrorKind::InvalidData, "it is another origin's")),
    }
}

#[cfg(test)]
mod tests;
