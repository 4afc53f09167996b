//! One folder on the way to a file that decides something: open, and nobody but root and we can change what is in it.
//!
//! As sudo-rs has it for the files that it includes: owned by root or us, and written by no other; a group of root's may.
//! A folder in which everybody makes files and nobody moves another's (sticky, as /tmp) will do for entries that are
//! root's or ours.

use super::Distrust;
use super::group;
use rustix::fs::{AtFlags, CWD, Mode, OFlags, Stat, fstat, openat, readlinkat, statat};
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// Write permission for the group, and for others.
const GROUP_WRITES: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;
/// Nobody moves or removes what is another's.
const STICKY: u32 = 0o1000;

/// Why a folder is not trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Loose {
    #[error("its folder {0} belongs to uid {1}, who could put another in its place")]
    Owner(PathBuf, u32),
    #[error("its folder {0} has mode {1:04o}, so others could put another in its place")]
    Others(PathBuf, u32),
    #[error("its folder {0} has mode {1:04o}, so the group {2} could put another in its place")]
    Group(PathBuf, u32, u32),
    #[error(
        "{0} belongs to uid {1}, and is on the way to it in a folder where everybody makes what he likes"
    )]
    Entry(PathBuf, u32),
}

/// A folder that is open and was looked at.
pub(super) struct Folder {
    fd: OwnedFd,
    path: PathBuf,
    /// Others make files in it, and cannot touch ours.
    sticky: bool,
    /// Who we are, or for whom this is looked at.
    us: u32,
}

impl Folder {
    /// The root, as this user sees it.
    pub(super) fn root(us: u32) -> Result<Self, Distrust> {
        Self::open(CWD, Path::new("/"), "/".into(), us)
    }

    /// The one above; the root's is itself.
    pub(super) fn parent(&self) -> Result<Self, Distrust> {
        let path = self.path.parent().unwrap_or(Path::new("/")).to_owned();
        Self::open(&self.fd, Path::new(".."), path, self.us)
    }

    /// A folder in this one; not through a link.
    pub(super) fn enter(&self, name: &OsStr) -> Result<Self, Distrust> {
        Self::open(&self.fd, Path::new(name), self.path.join(name), self.us)
    }

    fn open(at: impl AsFd, name: &Path, path: PathBuf, us: u32) -> Result<Self, Distrust> {
        // PATH asks for no permission to read the folder, and is not the sandbox's business.
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = openat(at, name, flags, Mode::empty()).map_err(Distrust::Open)?;
        let stat = fstat(&fd).map_err(Distrust::Open)?;
        let sticky = judge(&path, &stat, us).map_err(Distrust::Folder)?;
        Ok(Self { fd, path, sticky, us })
    }

    /// What an entry is, if it can be nobody's but root's or ours.
    pub(super) fn look(&self, name: &OsStr) -> Result<Stat, Distrust> {
        let stat = statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).map_err(Distrust::Open)?;
        if self.sticky && !is_ours(stat.st_uid, self.us) {
            return Err(Distrust::Folder(Loose::Entry(self.path.join(name), stat.st_uid)));
        }
        Ok(stat)
    }

    /// Where a link points to.
    pub(super) fn link(&self, name: &OsStr) -> Result<PathBuf, Distrust> {
        let target = readlinkat(&self.fd, name, Vec::new()).map_err(Distrust::Open)?;
        Ok(OsString::from_vec(target.into_bytes()).into())
    }

    /// Opens a file in it; a link is none.
    pub(super) fn file(&self, name: &OsStr, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        openat(&self.fd, name, flags | OFlags::NOFOLLOW, Mode::empty())
    }
}

/// Whether a uid is root or us.
pub(super) fn is_ours(uid: u32, us: u32) -> bool {
    uid == 0 || uid == us
}

/// Whether the folder is trusted for what is ours in it only, or why it is not at all.
fn judge(path: &Path, stat: &Stat, us: u32) -> Result<bool, Loose> {
    let (mode, gid) = (stat.st_mode & 0o7777, stat.st_gid);
    let by_group = mode & GROUP_WRITES != 0 && gid != 0 && !group::is_alone(gid, us);
    let by_others = mode & OTHERS_WRITE != 0;
    if !is_ours(stat.st_uid, us) {
        return Err(Loose::Owner(path.to_owned(), stat.st_uid));
    }
    match (by_group || by_others, mode & STICKY != 0) {
        (false, _) => Ok(false),
        (true, true) => Ok(true),
        (true, false) if by_others => Err(Loose::Others(path.to_owned(), mode)),
        (true, false) => Err(Loose::Group(path.to_owned(), mode, gid)),
    }
}

impl Loose {
    /// Whether it would be trusted if its owner were we.
    pub(crate) fn is_by_owner(&self) -> bool {
        matches!(self, Self::Owner(..) | Self::Entry(..))
    }

    /// What to do about a folder, which may be in use by others: nothing that takes it from them.
    pub(super) fn help(&self, path: &Path) -> String {
        let name = Path::new(path.file_name().unwrap_or(path.as_os_str())).display();
        let elsewhere = format!("keep {name} in a folder of its own, as /etc/kunci is");
        match self {
            Self::Others(folder, _) => {
                format!("`chmod go-w {}`; or, if others have to write there, {elsewhere}", folder.display())
            }
            Self::Group(folder, ..) => {
                format!("`chmod g-w {}`; or, if the group has to write there, {elsewhere}", folder.display())
            }
            Self::Owner(..) | Self::Entry(..) => {
                format!("{elsewhere}, under folders of root's or of the user of this process")
            }
        }
    }
}
