//! What can go wrong with the ledger.
//!
//! One error goes to everyone who waited for the same write, so it is `Clone` and carries the kernel's number.

use quoted::Plain;
use rustix::io::Errno;

use crate::{BadSignedCheckpoint, TreeHead};

/// Why the ledger could not do it. What to do is in the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Another process has this ledger open.
    #[error("the ledger is already open in process {}; stop that agent first", pid.map_or_else(|| "(unknown)".to_owned(), |pid| pid.to_string()))]
    Locked {
        /// The holder, as it wrote itself into the lock file.
        pid: Option<u32>,
    },
    /// Stored bytes are not what was written. Nothing is repaired.
    #[error(
        "{file} is damaged at byte {offset} (entry {index}): {what}; keep the directory as it is and run `kunci log verify`"
    )]
    Corrupt {
        /// The file, relative to the ledger's directory.
        file: String,
        /// The byte in that file.
        offset: u64,
        /// The index of the first entry that is concerned.
        index: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// The log and its last checkpoint do not belong together. Nothing is repaired.
    #[error(
        "the checkpoint is of {} entries with the root {}, and the log of {} with the root {}: entries were lost or changed, or \
         this is another log's folder; keep the directory as it is and run `kunci log verify`",
        checkpoint.size, checkpoint.root.base64(), log.size, log.root.base64()
    )]
    Diverged {
        /// What was signed.
        checkpoint: TreeHead,
        /// The log at that size, or as far as it goes.
        log: TreeHead,
    },
    /// The file of the last checkpoint is not one.
    #[error("the file checkpoint is damaged, {0}; keep the directory as it is and run `kunci log verify`")]
    Checkpoint(BadSignedCheckpoint),
    /// A larger checkpoint is published already.
    #[error("a checkpoint of {published} entries is published; one of {offered} would go back")]
    Older {
        /// The published size.
        published: u64,
        /// The size that was to be published.
        offered: u64,
    },
    /// Full bundles are not at their paths yet: the disk is slow, or full.
    #[error("the disk has not taken all full bundles yet; the checkpoint is published later")]
    NotSealed,
    /// The disk refused the bytes (full, read-only, over quota). Nothing was recorded; the next request tries again.
    #[error("the ledger cannot be written now ({0}); free space or make the disk writable")]
    Unavailable(Errno),
    /// fdatasync failed: what is on the disk is unknown. Leave the process and recover.
    #[error("the disk did not confirm a write ({0}); the agent must restart and recover")]
    Fatal(Errno),
    /// Too many records wait already.
    #[error("too many records wait for the disk; try again")]
    Busy,
    /// The ledger is closing.
    #[error("the ledger is closing")]
    Closed,
    /// The entry does not fit in a frame.
    #[error("the entry is longer than 65535 bytes")]
    TooLong,
    /// The log does not hold (yet) what was asked for.
    #[error("the log holds no such tile, bundle or entry")]
    NotFound,
    /// What a start read cannot be written again, so nobody knows whether it is on the disk. Nothing was lost or changed.
    #[error(
        "{file} cannot be written anew ({errno}), and what was read may not be on the disk: make room or mend the disk, and what \
         is below its file system; the next start tries again"
    )]
    Unsure {
        /// The file, relative to the ledger's directory.
        file: String,
        /// The kernel's answer.
        errno: Errno,
    },
    /// A system call failed.
    #[error("{}: {errno}", Plain(file))]
    Io {
        /// The file, relative to the ledger's directory.
        file: String,
        /// The kernel's answer.
        errno: Errno,
    },
}

impl Error {
    /// Whether the files are not those that were written: to start again cannot help.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Corrupt { .. } | Self::Diverged { .. } | Self::Checkpoint(_))
    }

    pub(crate) fn io(file: &str) -> impl FnOnce(Errno) -> Self {
        move |errno| Self::Io { file: file.to_owned(), errno }
    }
}

/// How the disk failed: what it refused may be tried again; what it did not confirm may be lost, and a second try that
/// succeeds would say nothing, because the kernel tells such an error once.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Failed {
    Refused(Errno),
    Unconfirmed(Errno),
}

impl Failed {
    pub(crate) fn errno(self) -> Errno {
        let (Self::Refused(errno) | Self::Unconfirmed(errno)) = self;
        errno
    }
}

impl From<Errno> for Failed {
    fn from(errno: Errno) -> Self {
        Self::Refused(errno)
    }
}
