//! 64 MiB that stay allocated for the entries that must be written when the disk is full.
//!
//! DIR/reserve is a file of nothing. A lifecycle or void entry that meets a full disk gives 1 MiB of it back and tries
//! again, and so does a start that has to write bundles anew. While any of it is missing, ordinary entries are refused until it is whole, so they never live on it.

use std::os::fd::OwnedFd;

use rustix::{
    fs::{FallocateFlags, fallocate, fstat, ftruncate},
    io::{Errno, Result},
};

use crate::{
    Error,
    dir::{Dir, write_all},
    layout::RESERVE,
};

/// The size of the reserve, in bytes.
pub const RESERVE_BYTES: u64 = 64 << 20;

/// What is given back and taken again at a time, in bytes.
const STEP_BYTES: u64 = 1 << 20;

#[derive(Debug)]
pub(crate) struct Reserve {
    file: OwnedFd,
    size: u64,
}

/// Whether more space would help.
pub(crate) fn is_no_space(errno: Errno) -> bool {
    matches!(errno, Errno::NOSPC | Errno::DQUOT)
}

impl Reserve {
    /// Opens the reserve, with what is left of it.
    pub(crate) fn open(dir: &Dir) -> Result<Self> {
        let file = dir.read_write(RESERVE)?;
        let size = fstat(&file)?.st_size.try_into().unwrap_or(0u64).min(RESERVE_BYTES);
        Ok(Self { file, size: size - size % STEP_BYTES })
    }

    /// Fills the reserve as far as the disk lets it.
    pub(crate) fn fill(&mut self) -> Result<()> {
        match self.refill() {
            Err(errno) if !is_no_space(errno) => Err(errno),
            _ => Ok(()),
        }
    }

    /// Does what must be done at a start, also on a full disk: each time that there is no room, with one step more.
    pub(crate) fn lend<T>(
        &mut self,
        mut work: impl FnMut() -> std::result::Result<T, Error>,
    ) -> std::result::Result<T, Error> {
        loop {
            match work() {
                Err(Error::Io { errno, .. }) if is_no_space(errno) && self.give_back() => {}
                Err(Error::Io { file, errno }) => return Err(Error::Unsure { file, errno }),
                done => return done,
            }
        }
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.size == RESERVE_BYTES
    }

    /// Gives one step to the disk; says whether there was one to give.
    pub(crate) fn give_back(&mut self) -> bool {
        let smaller = self.size.saturating_sub(STEP_BYTES);
        if self.size == 0 || ftruncate(&self.file, smaller).is_err() {
            return false;
        }
        self.size = smaller;
        true
    }

    /// Takes steps from the disk until the reserve is whole.
    pub(crate) fn refill(&mut self) -> Result<()> {
        while !self.is_whole() {
            if let Err(errno) = self.grow() {
                // A failed attempt may have kept some blocks.
                ftruncate(&self.file, self.size)?;
                return Err(errno);
            }
            self.size += STEP_BYTES;
        }
        Ok(())
    }

    fn grow(&self) -> Result<()> {
        match fallocate(&self.file, FallocateFlags::empty(), self.size, STEP_BYTES) {
            Err(Errno::OPNOTSUPP) => write_all(&self.file, &[0; STEP_BYTES as usize], self.size),
            other => other,
        }
    }
}
