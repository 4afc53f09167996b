//! Opening files whose content decides something: only root or we may have written them, or put them where they are.
//!
//! All checks are made on the open descriptor, so the file that was checked is the file that is read; every folder above
//! it is looked at on the [`way`] there. A PIN's file is held to a narrower mode than a configuration's, because it must
//! not even be read by others.

mod folder;
mod group;
mod way;

use crate::problem::Fault;
use folder::{Loose, is_ours};
use rustix::fs::{FileType, Mode, OFlags, Stat, fstat};
use rustix::io::Errno;
use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;
use way::End;

/// Write permission for group and others.
pub(crate) const WRITE_BY_OTHERS: u32 = 0o022;
/// Any permission for group and others.
pub(crate) const ANY_BY_OTHERS: u32 = 0o077;
/// Read permission for others.
const READ_BY_ALL: u32 = 0o004;

/// Which files are trusted.
pub(crate) struct Trust {
    /// Permission bits that must not be set.
    pub(crate) forbidden: u32,
    /// Whether a symbolic link is followed.
    pub(crate) follow: bool,
    /// The largest file, in bytes.
    pub(crate) max_bytes: u64,
    /// Whose file it may be beside root's.
    pub(crate) us: u32,
}

/// The user of this process.
pub(crate) fn ourselves() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Why a file is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Distrust {
    #[error("it cannot be opened: {0}")]
    Open(Errno),
    #[error("it is a symbolic link")]
    Link,
    #[error("it is not a regular file")]
    Kind,
    #[error(transparent)]
    Folder(Loose),
    #[error("it belongs to uid {uid}, who could change it")]
    Owner { uid: u32, mode: u32 },
    #[error("its mode is {mode:04o}, which lets others {act} it")]
    Mode { mode: u32, act: &'static str, allowed: u32 },
    #[error("it is {size} bytes long, more than {most}")]
    Size { size: u64, most: u64 },
}

impl Trust {
    /// Goes to a file, opens it, checks it, and says what it is.
    pub(crate) fn open(&self, path: &Path) -> Result<(OwnedFd, Stat), Distrust> {
        // NONBLOCK: opening a named pipe must not wait for its writer.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let End::In(folder, name) = way::go(path, self.follow, self.us)? else { return Err(Distrust::Kind) };
        let fd = folder.file(&name, flags).map_err(|errno| match errno {
            Errno::LOOP => Distrust::Link,
            errno => Distrust::Open(errno),
        })?;
        let stat = fstat(&fd).map_err(Distrust::Open)?;
        self.check(&stat)?;
        Ok((fd, stat))
    }

    pub(crate) fn check(&self, stat: &Stat) -> Result<(), Distrust> {
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(Distrust::Kind);
        }
        let mode = stat.st_mode & 0o7777;
        if !is_ours(stat.st_uid, self.us) {
            return Err(Distrust::Owner { uid: stat.st_uid, mode });
        }
        if mode & self.forbidden != 0 {
            let act = if mode & self.forbidden & WRITE_BY_OTHERS != 0 { "write" } else { "read" };
            return Err(Distrust::Mode { mode, act, allowed: mode & 0o777 & !self.forbidden });
        }
        let size = u64::try_from(stat.st_size).unwrap_or(u64::MAX);
        if size > self.max_bytes {
            return Err(Distrust::Size { size, most: self.max_bytes });
        }
        Ok(())
    }
}

impl Distrust {
    /// What to do about this file.
    pub(crate) fn help(&self, at: &Path) -> String {
        let path = at.display();
        match self {
            Self::Open(Errno::NOENT) => format!("make {path}, or name another file"),
            Self::Open(Errno::ACCESS) => {
                format!("let this process read {path}: see its owner and its folders")
            }
            Self::Open(_) => format!("see to it that {path} can be read"),
            Self::Link => "name the file that the link points to".into(),
            Self::Kind => format!("put a regular file at {path}"),
            Self::Folder(loose) => loose.help(at),
            Self::Owner { mode, .. } if mode & READ_BY_ALL != 0 => format!("`chown root {path}`"),
            // Its agent may not be root and has to read it all the same, and nobody else begins to.
            Self::Owner { .. } => format!(
                "`chown root:GROUP {path} && chmod 0640 {path}`, where GROUP is the group of the agent's user"
            ),
            Self::Mode { allowed, .. } => format!("`chmod {allowed:04o} {path}`"),
            Self::Size { most, .. } => format!("{path} may have {most} bytes at most"),
        }
    }

    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Owner { .. } | Self::Mode { .. } | Self::Link | Self::Folder(_) => "file-not-trusted",
            Self::Open(_) | Self::Kind => "file-unreadable",
            Self::Size { .. } => "file-too-large",
        }
    }

    pub(crate) fn fault(&self, path: &Path) -> Fault {
        Fault::new(self.code(), self.to_string(), self.help(path))
    }
}

/// Opens a file that decides something and may be read by all: a configuration, a tenants file.
pub(crate) fn open(path: &Path, max_bytes: u64) -> Result<(File, u64), Fault> {
    let trust = Trust { forbidden: WRITE_BY_OTHERS, follow: true, max_bytes, us: ourselves() };
    let (fd, stat) = trust.open(path).map_err(|distrust| distrust.fault(path))?;
    Ok((File::from(fd), u64::try_from(stat.st_size).unwrap_or(0)))
}

/// Reads such a file as text.
pub fn read(path: &Path, max_bytes: u64) -> Result<String, Fault> {
    let (file, _) = open(path, max_bytes)?;
    text(path, file, max_bytes)
}

/// Reads a file as text whoever may have written it: one by which nothing is decided here.
pub(crate) fn read_anyhow(path: &Path, max_bytes: u64) -> Result<String, Fault> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let opened = rustix::fs::open(path, flags, Mode::empty()).and_then(|fd| Ok((fstat(&fd)?, fd)));
    let fault = |distrust: Distrust| distrust.fault(path);
    let (stat, fd) = opened.map_err(Distrust::Open).map_err(fault)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(fault(Distrust::Kind));
    }
    text(path, File::from(fd), max_bytes)
}

fn text(path: &Path, file: File, max_bytes: u64) -> Result<String, Fault> {
    let mut text = String::new();
    // The limit again: the file may have grown since it was checked.
    file.take(max_bytes).read_to_string(&mut text).map_err(|error| {
        let help = format!("see to it that {} is UTF-8 text", path.display());
        Fault::new("file-unreadable", format!("it cannot be read: {error}"), help)
    })?;
    Ok(text)
}

/// Opens a file that holds a secret: only root or we may read it, and it is no link.
pub fn open_secret(path: &Path, max_bytes: u64) -> Result<File, Fault> {
    let trust = Trust { forbidden: ANY_BY_OTHERS, follow: false, max_bytes, us: ourselves() };
    trust.open(path).map(|(fd, _)| File::from(fd)).map_err(|distrust| distrust.fault(path))
}

/// Refuses a module that others could have written, or put where it is: it is given a PIN.
pub fn check_module(path: &Path) -> Result<(), Fault> {
    module(path, ourselves()).map_err(|distrust| distrust.fault(path))
}

/// Refuses a folder that others could write, or put another in the place of, with all that is in it.
pub fn check_folder(path: &Path) -> Result<(), Fault> {
    folder(path, ourselves()).map_err(|distrust| distrust.fault(path))
}

/// A module, as it is to this user.
pub(crate) fn module(path: &Path, us: u32) -> Result<(), Distrust> {
    let trust = Trust { forbidden: WRITE_BY_OTHERS, follow: true, max_bytes: u64::MAX, us };
    trust.open(path).map(drop)
}

/// A folder, as it is to this user.
pub(crate) fn folder(path: &Path, us: u32) -> Result<(), Distrust> {
    way::go(path, true, us).map(drop)
}
