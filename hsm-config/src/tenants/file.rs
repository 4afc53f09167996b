//! A tenants file that was read: whole, and without a row twice.
//!
//! It is there to be written down as the rows of a [`Tenants`], sorted, and then dropped: one arena of
//! packed rows in the order of the file, and a sorted index of offsets into it.

use super::packed::Packed;
use super::{Tenants, read};
use crate::Problems;
use std::cmp::Ordering;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

/// What a tenants file says.
#[derive(Default)]
pub struct TenantsFile {
    /// Rows, one after the other, each packed.
    pub(super) arena: Vec<u8>,
    /// Where each row begins, in the order of their (tenant, client id).
    pub(super) index: Vec<u32>,
}

impl TenantsFile {
    /// Reads a file that nobody but root and we can write.
    pub fn load(path: &Path) -> Result<Self, Problems> {
        read::load(path)
    }

    /// Reads a file from anywhere; `path` names it in problems.
    pub fn read(reader: impl Read, path: &Path) -> Result<Self, Problems> {
        read::read(BufReader::new(reader), path, 0)
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// How long the rows are that [`write`](Self::write) writes, in bytes.
    pub fn size(&self) -> usize {
        self.arena.len()
    }

    /// Writes the rows as [`Tenants::open`] and [`Tenants::hold`] take them.
    pub fn write(&self, to: impl Write) -> io::Result<()> {
        let mut to = BufWriter::new(to);
        for offset in &self.index {
            if let Some(row) = self.row(*offset) {
                to.write_all(row.key)?;
                to.write_all(row.object_id)?;
            }
        }
        to.flush()
    }

    /// A table of the rows that is held by this process.
    pub fn table(&self) -> io::Result<Tenants> {
        let mut rows = Vec::with_capacity(self.size());
        self.write(&mut rows)?;
        Tenants::hold(rows)
    }

    /// Which of two rows comes first.
    pub(super) fn compare(&self, a: u32, b: u32) -> Ordering {
        let key = |offset| self.row(offset).map(|row| row.key);
        key(a).cmp(&key(b))
    }

    fn row(&self, offset: u32) -> Option<Packed<'_>> {
        Packed::split(self.arena.get(offset as usize..)?).map(|(row, _)| row)
    }
}

impl std::fmt::Debug for TenantsFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TenantsFile({} rows)", self.len())
    }
}
