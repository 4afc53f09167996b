//! Fields and rows as a table keeps them: a GUID in 17 bytes, other text behind its length.
//!
//! Packed fields are equal if and only if the fields are, and none begins another, so that several in a row compare
//! as one. What is unpacked is checked again: bytes of a file are nobody's word.

use crate::guid;

/// In place of a length: 16 bytes of a GUID follow.
const GUID: u8 = u8::MAX;
/// The longest text of a field, in bytes; longer than a tenant, and told apart from [`GUID`].
const MAX_TEXT_BYTES: usize = 253;

/// Packs a field behind others; `None`, and nothing packed, if it is too long.
pub(super) fn pack_into(packed: &mut Vec<u8>, text: &str) -> Option<()> {
    if let Some(guid) = guid::parse(text) {
        packed.push(GUID);
        packed.extend(guid);
        return Some(());
    }
    packed.push(u8::try_from(text.len()).ok().filter(|_| text.len() <= MAX_TEXT_BYTES)?);
    packed.extend(text.as_bytes());
    Some(())
}

/// A field alone.
pub(super) fn pack(text: &str) -> Option<Vec<u8>> {
    let mut packed = Vec::with_capacity(1 + text.len());
    pack_into(&mut packed, text)?;
    Some(packed)
}

/// A row in its packed form.
#[derive(Clone, Copy)]
pub(super) struct Packed<'a> {
    /// Tenant and client id: what a table is sorted by.
    pub(super) key: &'a [u8],
    pub(super) object_id: &'a [u8],
}

/// The whole rows at the front of some bytes.
pub(super) struct PackedRows<'a>(&'a [u8]);

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    tenant: String,
    client_id: String,
    object_id: String,
}

impl<'a> Packed<'a> {
    /// The row at the front, and what follows it; `None` if it is not there to its end.
    pub(super) fn split(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let tenant = packed_len(bytes)?;
        let client_id = packed_len(bytes.get(tenant..)?)?;
        let (key, rest) = bytes.split_at_checked(tenant + client_id)?;
        let (object_id, rest) = rest.split_at_checked(packed_len(rest)?)?;
        Some((Self { key, object_id }, rest))
    }

    /// How many bytes it takes.
    pub(super) fn size(&self) -> usize {
        self.key.len() + self.object_id.len()
    }

    /// Whether all of it is GUIDs and UTF-8.
    pub(super) fn is_text(&self) -> bool {
        let Some((tenant, client_id)) =
            packed_len(self.key).and_then(|tenant| self.key.split_at_checked(tenant))
        else {
            return false;
        };
        [tenant, client_id, self.object_id].into_iter().all(|packed| match packed.split_first() {
            Some((&GUID, _)) => true,
            Some((_, text)) => std::str::from_utf8(text).is_ok(),
            None => false,
        })
    }

    /// The row as text; `None` if it is none.
    pub(super) fn unpack(&self) -> Option<Row> {
        let (tenant, client_id) = self.key.split_at_checked(packed_len(self.key)?)?;
        let [tenant, client_id, object_id] = [tenant, client_id, self.object_id].map(unpack);
        Some(Row { tenant: tenant?, client_id: client_id?, object_id: object_id? })
    }
}

impl<'a> PackedRows<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl<'a> Iterator for PackedRows<'a> {
    type Item = Packed<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (row, rest) = Packed::split(self.0)?;
        self.0 = rest;
        Some(row)
    }
}

impl Row {
    /// The tenant.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The application's client id.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The application's object id, which the proof of a key roll names; `None` where the file has none.
    pub fn object_id(&self) -> Option<&str> {
        Some(self.object_id.as_str()).filter(|id| !id.is_empty())
    }
}

/// How many bytes the packed field at the front takes, by its tag.
fn packed_len(packed: &[u8]) -> Option<usize> {
    match *packed.first()? {
        GUID => Some(1 + 16),
        len => Some(1 + usize::from(len)),
    }
}

fn unpack(packed: &[u8]) -> Option<String> {
    match packed.split_first()? {
        (&GUID, guid) => Some(guid::text(guid.try_into().ok()?)),
        (_, text) => String::from_utf8(text.to_vec()).ok(),
    }
}
