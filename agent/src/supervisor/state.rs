//! The state directory: ours alone, one agent's at a time, and for each token one host's.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use hsm_config::Name;
use rustix::fs::{FlockOperation, OFlags, flock};

/// Permissions that nobody but the owner may have.
const OTHERS: u32 = 0o077;
/// How much is read of the holder's process id, in bytes.
const MAX_PID_BYTES: u64 = 20;

/// The state directory, locked for as long as this lives.
pub(super) struct StateDir {
    path: PathBuf,
    _lock: File,
}

/// Why the state directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum StateError {
    #[error("the state directory {0} cannot be used: {1}")]
    Unusable(PathBuf, io::Error),
    #[error(
        "the state directory {path} belongs to uid {uid}, and this is uid {us}; {help}",
        help = help(path, *uid, *gid, *us)
    )]
    Owner { path: PathBuf, uid: u32, gid: u32, us: u32 },
    #[error("the state directory {0} has mode {1:04o}; `chmod 0700` it")]
    Mode(PathBuf, u32),
    #[error("the state directory {0} is not safe: {1}; {2}")]
    Folder(PathBuf, String, String),
    #[error("the state directory {0} is in use by another agent (process {1})")]
    Taken(PathBuf, String),
}

impl StateDir {
    /// Makes the directory where it is missing, checks it and locks it.
    pub(super) fn open(path: &Path) -> Result<Self, StateError> {
        let unusable = |error| StateError::Unusable(path.into(), error);
        make_folder(path).map_err(unusable)?;
        let folder = File::open(path).map_err(unusable)?.metadata().map_err(unusable)?;
        let us = rustix::process::geteuid().as_raw();
        if folder.uid() != us {
            return Err(StateError::Owner { path: path.into(), uid: folder.uid(), gid: folder.gid(), us });
        }
        if folder.mode() & OTHERS != 0 {
            return Err(StateError::Mode(path.into(), folder.mode() & 0o7777));
        }
        hsm_config::check_folder(path)
            .map_err(|fault| StateError::Folder(path.into(), fault.what, fault.help))?;
        Ok(Self { path: path.into(), _lock: lock(path)? })
    }

    /// Where the PIN latches are.
    pub(super) fn latches(&self) -> PathBuf {
        self.path.join("latch")
    }

    /// Where it stands what was signed of the ledger.
    pub(super) fn signed(&self) -> PathBuf {
        self.path.join("signed")
    }

    /// A lock for the next host of a token, which holds it as long as it lives; `None` while another does. That is one of an
    /// agent which was killed: it finishes what it has begun at the token, and two at one store would spoil it.
    pub(super) fn lock_host(&self, token: &Name) -> io::Result<Option<OwnedFd>> {
        let folder = self.path.join("hosts");
        make_folder(&folder)?;
        lock_file(&folder.join(format!("{token}.lock")))?;
        // For reading only, as the host gets it: a module must not fill our disk.
        let file = File::open(folder.join(format!("{token}.lock")))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(file.into())),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }
}

/// A folder for ourselves, made where it is missing.
fn make_folder(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn lock_file(path: &Path) -> io::Result<File> {
    let nofollow = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or(0);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(nofollow);
    options.open(path)
}

/// What to do about another's directory. Most often it is the agent's, which is stopped, and whoever runs a command as root
/// meanwhile must not take it away: the agent could not start again. Its group reads the tenants files.
fn help(path: &Path, uid: u32, gid: u32, us: u32) -> String {
    let path = path.display();
    match uid {
        0 => format!("if the agent always runs as uid {us}: `chown -R {us} {path}`"),
        _ => format!(
            "run this as that user: `setpriv --reuid={uid} --regid={gid} --clear-groups`, or `sudo -u '#{uid}' -g '#{gid}'`"
        ),
    }
}

fn lock(folder: &Path) -> Result<File, StateError> {
    let unusable = |error| StateError::Unusable(folder.into(), error);
    let mut file = lock_file(&folder.join("lock")).map_err(unusable)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut pid = String::new();
            let _ = file.take(MAX_PID_BYTES).read_to_string(&mut pid);
            return Err(StateError::Taken(folder.into(), pid.trim().into()));
        }
        Err(errno) => return Err(unusable(errno.into())),
    }
    // The number is for people; what counts is the lock, which ends with the process.
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(unusable)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_second_agent_is_refused_and_told_who_holds_the_directory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let first = StateDir::open(&path).unwrap();
        let refused = StateDir::open(&path).err().unwrap().to_string();
        assert!(
            refused.ends_with(&format!("in use by another agent (process {})", std::process::id())),
            "{refused}"
        );
        drop(first);
        StateDir::open(&path).unwrap();
    }

    #[test]
    fn a_token_has_one_host_at_a_time_whatever_became_of_its_agent() {
        let folder = tempfile::tempdir().unwrap();
        let (path, token) = (folder.path().join("state"), "soft".parse().unwrap());
        let state = StateDir::open(&path).unwrap();
        let first = state.lock_host(&token).unwrap().unwrap();
        let (of_the_host, other) = (first.try_clone().unwrap(), "other".parse().unwrap());
        drop((first, state));
        let state = StateDir::open(&path).unwrap();
        assert!(state.lock_host(&token).unwrap().is_none());
        assert!(state.lock_host(&other).unwrap().is_some());
        drop(of_the_host);
        assert!(state.lock_host(&token).unwrap().is_some());
    }

    #[test]
    fn a_directory_that_others_can_enter_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o710)).unwrap();
        assert!(matches!(StateDir::open(folder.path()), Err(StateError::Mode(_, 0o710))));
    }

    #[test]
    fn a_missing_directory_is_made_for_us_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let _state = StateDir::open(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o700);
    }
}
