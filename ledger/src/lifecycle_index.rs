//! The lifecycle index, in DIR/marks: which sealed entries a start has to read one by one.
//!
//! It is derived from the entries and never trusted over them: unreadable, or claiming more than there is, it is rebuilt
//! by a full scan. Its own digest keeps a flipped bit from hiding a freeze.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    Error,
    dir::Dir,
    hash::hex,
    layout::{BUNDLE, MARKS},
};

/// The indices below `size` whose kind is lifecycle or posture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LifecycleIndex {
    /// A multiple of 256: whole sealed bundles only.
    pub(crate) size: u64,
    /// Rising.
    pub(crate) lifecycle: Vec<u64>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    size: u64,
    lifecycle: Vec<u64>,
    sha256: String,
}

impl LifecycleIndex {
    /// The stored marks, where they can be believed of a log with this many sealed entries.
    pub(crate) fn load(dir: &Dir, sealed: u64) -> Result<Option<Self>, Error> {
        let bytes = dir.read(MARKS).map_err(Error::io(MARKS))?;
        let Some(stored) = bytes.and_then(|bytes| serde_json::from_slice::<Stored>(&bytes).ok()) else {
            return Ok(None);
        };
        let marks = Self { size: stored.size, lifecycle: stored.lifecycle };
        Ok((marks.digest() == stored.sha256 && marks.fits(sealed)).then_some(marks))
    }

    pub(crate) fn store(&self, dir: &Dir) -> rustix::io::Result<()> {
        let stored = Stored { size: self.size, lifecycle: self.lifecycle.clone(), sha256: self.digest() };
        let bytes = serde_json::to_vec(&stored).map_err(|_| rustix::io::Errno::INVAL)?;
        dir.replace(MARKS, &bytes)
    }

    fn fits(&self, sealed: u64) -> bool {
        self.size <= sealed
            && self.size.is_multiple_of(BUNDLE)
            && self.lifecycle.is_sorted_by(|a, b| a < b)
            && self.lifecycle.last().is_none_or(|last| *last < self.size)
    }

    fn digest(&self) -> String {
        let mut hash = Sha256::new_with_prefix(self.size.to_be_bytes());
        self.lifecycle.iter().for_each(|index| hash.update(index.to_be_bytes()));
        hex(&hash.finalize())
    }
}
