//! The file that holds the card's flash: a littlefs image, written through.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use generic_array::typenum::{U8, U512};
use littlefs2::driver::Storage;
use littlefs2::io::{Error, Result};

/// Bytes that are erased at once, and how many such blocks there are: room for 24 keys of 4096 bits and their
/// certificates.
const BLOCK: usize = 512;
const BLOCKS: usize = 1024;
/// What an erased byte reads as.
const ERASED: u8 = 0xFF;

/// An image, open.
pub(crate) struct Image {
    file: File,
    new: bool,
}

impl Image {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file =
            File::options().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        let new = file.metadata()?.len() == 0;
        if new {
            file.write_all_at(&vec![ERASED; BLOCK * BLOCKS], 0)?;
        }
        Ok(Self { file, new })
    }

    /// Whether there is no file system in it yet.
    pub(crate) fn is_new(&self) -> bool {
        self.new
    }
}

impl Storage for Image {
    const READ_SIZE: usize = 16;
    const WRITE_SIZE: usize = 16;
    const BLOCK_SIZE: usize = BLOCK;
    const BLOCK_COUNT: usize = BLOCKS;
    type CACHE_SIZE = U512;
    type LOOKAHEAD_SIZE = U8;

    fn read(&mut self, offset: usize, buffer: &mut [u8]) -> Result<usize> {
        self.file.read_exact_at(buffer, offset as u64).map_err(|_| Error::IO)?;
        Ok(buffer.len())
    }

    fn write(&mut self, offset: usize, data: &[u8]) -> Result<usize> {
        self.file.write_all_at(data, offset as u64).map_err(|_| Error::IO)?;
        Ok(data.len())
    }

    fn erase(&mut self, offset: usize, length: usize) -> Result<usize> {
        self.write(offset, &vec![ERASED; length])
    }
}
