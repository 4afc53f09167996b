//! A connector's tenants: which (tenant, client id) pairs it opens, and the application's object id in each.
//!
//! A file has up to a million rows, and the front keeps several. So a table is one arena of packed rows and a
//! sorted index of offsets into it, about 55 bytes for a row of GUIDs. It is built whole or not at all.

use crate::guid;
use std::cmp::Ordering;
use std::path::Path;

mod read;
#[cfg(test)]
mod tests;

/// The most rows that a file may have.
const MAX_ROWS: usize = 1_000_000;
/// In place of a length: 16 bytes of a GUID follow.
const GUID: u8 = u8::MAX;
/// The longest text of a field, in bytes; longer than a tenant, and told apart from [`GUID`].
const MAX_TEXT_BYTES: usize = 253;

/// A table of tenants.
#[derive(Default)]
pub struct Tenants {
    /// Rows, one after the other: tenant, client id, object id, each packed.
    arena: Vec<u8>,
    /// Where each row begins, in the order of their (tenant, client id).
    index: Vec<u32>,
}

/// One row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    tenant: Field<'a>,
    client_id: Field<'a>,
    object_id: Field<'a>,
}

/// A field as it is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field<'a> {
    Guid(&'a [u8; 16]),
    Text(&'a str),
}

impl Tenants {
    /// Reads a file that nobody but root and we can write.
    pub fn load(path: &Path) -> Result<Self, crate::Problems> {
        Self::load_into(path, std::io::sink())
    }

    /// The same, and writes what is read to `copy`: the file may be another by the time that it is read again.
    pub fn load_into(path: &Path, copy: impl std::io::Write) -> Result<Self, crate::Problems> {
        read::load(path, copy)
    }

    /// Reads a table from anywhere; `path` names it in problems.
    pub fn read(reader: impl std::io::Read, path: &Path) -> Result<Self, crate::Problems> {
        read::read(std::io::BufReader::new(reader), path, 0)
    }

    /// The row of this tenant and client id. GUIDs are found in either case, other text only as it was written.
    pub fn find(&self, tenant: &str, client_id: &str) -> Option<Row<'_>> {
        let mut wanted = pack(tenant)?;
        wanted.extend(pack(client_id)?);
        let at = self.index.binary_search_by(|offset| self.key(*offset).cmp(&wanted)).ok()?;
        self.row(*self.index.get(at)?)
    }

    /// A row of the application with this object id. This looks at every row.
    pub fn find_object(&self, object_id: &str) -> Option<Row<'_>> {
        let wanted = pack(object_id).filter(|_| !object_id.is_empty())?;
        let (wanted, _) = Field::unpack(&wanted)?;
        self.iter().find(|row| row.object_id == wanted)
    }

    /// Whether any row is about this tenant.
    pub fn contains_tenant(&self, tenant: &str) -> bool {
        let Some(wanted) = pack(tenant) else { return false };
        let at = self.index.partition_point(|offset| self.key(*offset) < wanted.as_slice());
        self.index.get(at).is_some_and(|offset| self.key(*offset).starts_with(&wanted))
    }

    /// All rows, in the order of the index.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.index.iter().filter_map(|offset| self.row(*offset))
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// What the table takes of memory, in bytes.
    pub fn memory(&self) -> usize {
        self.arena.capacity() + self.index.capacity() * size_of::<u32>()
    }

    /// The packed (tenant, client id) of the row at this offset.
    fn key(&self, offset: u32) -> &[u8] {
        let row = self.arena.get(offset as usize..).unwrap_or_default();
        let tenant = packed_len(row);
        let client_id = packed_len(row.get(tenant..).unwrap_or_default());
        row.get(..tenant + client_id).unwrap_or_default()
    }

    fn row(&self, offset: u32) -> Option<Row<'_>> {
        let (tenant, rest) = Field::unpack(self.arena.get(offset as usize..)?)?;
        let (client_id, rest) = Field::unpack(rest)?;
        let (object_id, _) = Field::unpack(rest)?;
        Some(Row { tenant, client_id, object_id })
    }

    fn compare(&self, a: u32, b: u32) -> Ordering {
        self.key(a).cmp(self.key(b))
    }
}

impl Row<'_> {
    /// The tenant.
    pub fn tenant(&self) -> String {
        self.tenant.text()
    }

    /// The application's client id.
    pub fn client_id(&self) -> String {
        self.client_id.text()
    }

    /// The application's object id, which the proof of a key roll names; `None` where the file has none.
    pub fn object_id(&self) -> Option<String> {
        (self.object_id != Field::Text("")).then(|| self.object_id.text())
    }
}

impl<'a> Field<'a> {
    fn unpack(packed: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (field, rest) = packed.split_at_checked(packed_len(packed))?;
        let (tag, content) = field.split_first()?;
        let field = match *tag {
            GUID => Self::Guid(content.try_into().ok()?),
            _ => Self::Text(std::str::from_utf8(content).ok()?),
        };
        Some((field, rest))
    }

    fn text(self) -> String {
        match self {
            Self::Guid(bytes) => guid::text(bytes),
            Self::Text(text) => text.to_owned(),
        }
    }
}

/// How many bytes the packed field at the front takes.
fn packed_len(packed: &[u8]) -> usize {
    match packed.first() {
        None => 0,
        Some(&GUID) => 1 + 16,
        Some(&len) => 1 + usize::from(len),
    }
}

/// A field as it is packed: a tag that is its length or [`GUID`], then its bytes. Equal if and only if the fields
/// are, and no packed field begins another, so that several in a row compare as one.
fn pack(text: &str) -> Option<Vec<u8>> {
    let mut packed = Vec::with_capacity(1 + text.len());
    pack_into(&mut packed, text)?;
    Some(packed)
}

fn pack_into(arena: &mut Vec<u8>, text: &str) -> Option<()> {
    if let Some(guid) = guid::parse(text) {
        arena.push(GUID);
        arena.extend(guid);
        return Some(());
    }
    arena.push(u8::try_from(text.len()).ok().filter(|_| text.len() <= MAX_TEXT_BYTES)?);
    arena.extend(text.as_bytes());
    Some(())
}

impl std::fmt::Debug for Tenants {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tenants({} rows)", self.len())
    }
}
