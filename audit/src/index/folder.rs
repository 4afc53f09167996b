//! The folder that segments are kept in: the user's own, and not the log's.
//!
//! Who can write there can hide entries from an answer, so a folder of somebody else's, or that others can write to, is
//! none. It may be removed at any time.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use ledger::{Hash, hex};
use quoted::Quoted;

use super::Segment;

const PRIVATE: u32 = 0o600;
const PRIVATE_FOLDER: u32 = 0o700;
/// Group and others may write.
const OTHERS_WRITE: u32 = 0o022;

/// Where segments are kept.
#[derive(Clone, Debug)]
pub struct Index(PathBuf);

/// Why a folder can keep no index.
#[derive(Debug, thiserror::Error)]
pub enum NoIndex {
    /// It cannot be made or looked at.
    #[error("{}: {error}", Quoted::path(path))]
    Unusable {
        /// The folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Somebody else could change what is in it.
    #[error("{} is another user's, or others can write to it", Quoted::path(path))]
    Open {
        /// The folder.
        path: PathBuf,
    },
}

impl Index {
    /// Takes the folder, or makes it, for the user alone.
    pub fn open(path: &Path) -> Result<Self, NoIndex> {
        let unusable = |error| NoIndex::Unusable { path: path.to_owned(), error };
        DirBuilder::new().recursive(true).mode(PRIVATE_FOLDER).create(path).map_err(unusable)?;
        let meta = fs::metadata(path).map_err(unusable)?;
        if meta.uid() != rustix::process::geteuid().as_raw() || meta.mode() & OTHERS_WRITE != 0 {
            return Err(NoIndex::Open { path: path.to_owned() });
        }
        Ok(Self(path.to_owned()))
    }

    /// The segment of the stretch with this root, if there is one.
    pub(crate) fn segment(&self, root: &Hash) -> Option<Segment> {
        Segment::open(&self.path(root), root)
    }

    /// Keeps a segment: whole under its name, or not at all.
    pub(crate) fn keep(&self, root: &Hash, bytes: &[u8]) -> io::Result<()> {
        let builder = &mut tempfile::Builder::new();
        let mut file = builder.permissions(Permissions::from_mode(PRIVATE)).tempfile_in(&self.0)?;
        file.write_all(bytes)?;
        file.persist(self.path(root))?;
        Ok(())
    }

    /// Removes a segment that is not as it was written.
    pub(crate) fn forget(&self, root: &Hash) {
        let _ = fs::remove_file(self.path(root));
    }

    fn path(&self, root: &Hash) -> PathBuf {
        self.0.join(format!("{}.segment", hex(root)))
    }
}
