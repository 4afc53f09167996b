//! Where a table's rows lie: in this process, or in a file that several processes share.
//!
//! They are looked at in blocks, each copied whole: a file need not be mapped, and takes no memory of whoever asks.

use super::packed::PackedRows;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// The most that is read for one look-up, in bytes: 40 rows of GUIDs, or at least 2 of any kind.
pub(super) const BLOCK_BYTES: usize = 2048;

/// Packed rows, one after the other.
pub(super) enum Rows {
    Memory(Vec<u8>),
    File(File),
}

/// Some rows of them.
pub(super) struct Block {
    bytes: [u8; BLOCK_BYTES],
    len: usize,
}

impl Rows {
    /// How long they are, in bytes.
    pub(super) fn size(&self) -> io::Result<u64> {
        match self {
            Self::Memory(bytes) => Ok(bytes.len() as u64),
            Self::File(file) => Ok(file.metadata()?.len()),
        }
    }

    /// What they take of this process's memory, in bytes.
    pub(super) fn memory(&self) -> usize {
        match self {
            Self::Memory(bytes) => bytes.capacity(),
            Self::File(_) => 0,
        }
    }

    /// So many bytes from there on, and no more than a block.
    pub(super) fn block(&self, at: u32, len: usize) -> io::Result<Block> {
        let mut block = Block { bytes: [0; BLOCK_BYTES], len: len.min(BLOCK_BYTES) };
        let wanted = block.bytes.get_mut(..block.len).unwrap_or_default();
        match self {
            Self::File(file) => file.read_exact_at(wanted, at.into())?,
            Self::Memory(bytes) => {
                let found = bytes.get(at as usize..).and_then(|bytes| bytes.get(..wanted.len()));
                wanted.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
            }
        }
        Ok(block)
    }
}

impl Default for Rows {
    fn default() -> Self {
        Self::Memory(Vec::new())
    }
}

impl Block {
    /// The rows that are there whole.
    pub(super) fn rows(&self) -> PackedRows<'_> {
        PackedRows::of(self.bytes.get(..self.len).unwrap_or_default())
    }
}
