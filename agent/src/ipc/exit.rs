//! How a front's end is told to its supervisor: by exit codes (sysexits.h).

/// The ledger is corrupt (EX_CONFIG): starting again cannot help.
pub const CORRUPT: i32 = 78;
/// The ledger does not go on from what was signed of it (EX_DATAERR): starting again cannot help, nor can beginning anew.
pub const BEHIND: i32 = 65;
/// An fdatasync failed (EX_SOFTWARE): only a new front, which recovers, makes sure of what is on the disk.
pub const FATAL: i32 = 70;
