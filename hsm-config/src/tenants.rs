//! A connector's tenants: which (tenant, client id) pairs it opens, and the application's object id in each.
//!
//! A file has up to a million rows, several connectors have one each, and while they are read anew old and new tables
//! are in force side by side. So a table is sorted rows, 51 bytes for one of GUIDs, which may lie in memory that is
//! shared by processes, and in the process that asks only the first key of each block. A look-up reads one block.

mod file;
mod packed;
mod read;
mod rows;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;

pub use file::TenantsFile;
pub use packed::Row;
use packed::{pack, pack_into};
use rows::{BLOCK_BYTES, Block, Rows};

/// A table of tenants.
#[derive(Default)]
pub struct Tenants {
    rows: Rows,
    heads: Vec<Head>,
    len: usize,
}

/// What a table says of a tenant and a client id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// No row is about this tenant.
    Nothing,
    /// Rows are about this tenant, none of them about this client id.
    Tenant,
    /// A row is about the two.
    Pair,
}

/// Where a block of rows lies, and its first key.
struct Head {
    key: Box<[u8]>,
    at: u32,
    len: u16,
}

impl Tenants {
    /// A table over rows that [`TenantsFile::write`] wrote to a file that does not change any more. Each is looked at
    /// once; rows that are out of order or not whole are refused.
    pub fn open(file: File) -> io::Result<Self> {
        Self::over(Rows::File(file))
    }

    /// The same for rows in this process.
    pub fn hold(rows: Vec<u8>) -> io::Result<Self> {
        Self::over(Rows::Memory(rows))
    }

    /// What it says of this tenant and client id. GUIDs are found in either case, other text only as it was written.
    pub fn knows(&self, tenant: &str, client_id: &str) -> io::Result<Known> {
        let Some(tenant) = pack(tenant) else { return Ok(Known::Nothing) };
        let mut key = tenant.clone();
        // A client id that is too long stands in no row. The tenant alone comes before all of its rows.
        let _ = pack_into(&mut key, client_id);
        let after = self.heads.partition_point(|head| *head.key <= *key);
        // A tenant's rows are neighbours: if it has any, one stands right before or after where the key would.
        let follows = self.heads.get(after).is_some_and(|head| head.key.starts_with(&tenant));
        let mut known = if follows { Known::Tenant } else { Known::Nothing };
        let Some(head) = after.checked_sub(1).and_then(|at| self.heads.get(at)) else { return Ok(known) };
        for row in self.block(head)?.rows() {
            if row.key == key {
                return Ok(Known::Pair);
            }
            if row.key.starts_with(&tenant) {
                known = Known::Tenant;
            }
        }
        Ok(known)
    }

    /// A row of the application with this object id. This looks at every row.
    pub fn find_object(&self, object_id: &str) -> io::Result<Option<Row>> {
        let Some(wanted) = pack(object_id).filter(|_| !object_id.is_empty()) else { return Ok(None) };
        for head in &self.heads {
            let block = self.block(head)?;
            if let Some(row) = block.rows().find(|row| row.object_id == wanted) {
                return Ok(row.unpack());
            }
        }
        Ok(None)
    }

    /// All rows, sorted.
    pub fn rows(&self) -> impl Iterator<Item = io::Result<Row>> {
        self.heads.iter().flat_map(|head| {
            let (rows, error) = match self.block(head) {
                Ok(block) => (block.rows().filter_map(|row| row.unpack()).collect::<Vec<_>>(), None),
                Err(error) => (Vec::new(), Some(Err(error))),
            };
            rows.into_iter().map(Ok).chain(error)
        })
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What the table takes of this process's memory, in bytes. Rows in a file take none.
    pub fn memory(&self) -> usize {
        let keys: usize = self.heads.iter().map(|head| head.key.len()).sum();
        self.rows.memory() + self.heads.capacity() * size_of::<Head>() + keys
    }

    fn over(rows: Rows) -> io::Result<Self> {
        let end = u32::try_from(rows.size()?).map_err(|_| unsound())?;
        let mut table = Self { rows, ..Self::default() };
        let mut last = Vec::new();
        let mut at = 0;
        while at < end {
            let head = table.head(at, end, &mut last)?;
            at += u32::from(head.len);
            table.heads.push(head);
        }
        table.heads.shrink_to_fit();
        Ok(table)
    }

    /// The block from there on: as many whole rows as one has room for, each behind the last.
    fn head(&mut self, at: u32, end: u32, last: &mut Vec<u8>) -> io::Result<Head> {
        let rest = usize::try_from(end - at).unwrap_or(BLOCK_BYTES);
        let block = self.rows.block(at, rest)?;
        let mut used = 0;
        for row in block.rows() {
            if row.key <= last.as_slice() || !row.is_text() {
                return Err(unsound());
            }
            last.clear();
            last.extend(row.key);
            used += row.size();
            self.len += 1;
        }
        let first = block.rows().next().ok_or_else(unsound)?;
        Ok(Head { key: first.key.into(), at, len: u16::try_from(used).map_err(|_| unsound())? })
    }

    fn block(&self, head: &Head) -> io::Result<Block> {
        self.rows.block(head.at, head.len.into())
    }
}

impl std::fmt::Debug for Tenants {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tenants({} rows)", self.len())
    }
}

fn unsound() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the rows are incomplete, or not in order")
}
