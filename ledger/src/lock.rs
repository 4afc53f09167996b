//! One writer process: an exclusive flock on DIR/lock while the ledger is open.
//!
//! The lock dies with the process, so that a kill leaves nothing to clean up. The holder's pid in the file is for people.
//! It is given back by name: a child that another thread just forked has the descriptor until it runs its program.

use std::os::fd::OwnedFd;

use rustix::{
    fs::{FlockOperation, flock, ftruncate},
    io::Errno,
};

use crate::{
    Error,
    dir::{Dir, read_all, write_all},
    layout::LOCK,
};

#[derive(Debug)]
pub(crate) struct Lock {
    held: OwnedFd,
}

impl Lock {
    pub(crate) fn take(dir: &Dir) -> Result<Self, Error> {
        let file = dir.read_write(LOCK).map_err(Error::io(LOCK))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => write_pid(&file).map_err(Error::io(LOCK))?,
            Err(Errno::WOULDBLOCK) => return Err(Error::Locked { pid: read_pid(&file) }),
            Err(errno) => return Err(Error::io(LOCK)(errno)),
        }
        Ok(Self { held: file })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is what is left where this fails.
        let _ = flock(&self.held, FlockOperation::Unlock);
    }
}

fn write_pid(file: &OwnedFd) -> rustix::io::Result<()> {
    ftruncate(file, 0)?;
    match write_all(file, format!("{}\n", std::process::id()).as_bytes(), 0) {
        // A full disk must not keep the agent from starting.
        Err(Errno::NOSPC | Errno::DQUOT) => Ok(()),
        other => other,
    }
}

fn read_pid(file: &OwnedFd) -> Option<u32> {
    String::from_utf8(read_all(file).ok()?).ok()?.trim().parse().ok()
}
