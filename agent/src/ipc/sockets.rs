//! Listening sockets: taken from systemd, or bound here and removed again.
//!
//! A path that another process answers on is never taken over, and nothing but a socket is ever removed. Every
//! socket asks for SO_PASSCRED before its first connection, so that accepted ones ask too, and is closed to all
//! but its owner until it has the mode that was configured.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use listenfd::ListenFd;
use rustix::fs::Mode;
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketAddrUnix, SocketFlags, SocketType, sockopt};

/// How many connections may wait to be accepted. Beyond them a client that will not wait is told EAGAIN.
const BACKLOG: i32 = 256;
/// The umask under which a socket is bound: its owner may read and write, nobody may execute.
const CLOSED: u32 = 0o177;
/// The mode of a folder that is made for sockets.
const FOLDER: u32 = 0o755;

/// How long processes of an agent that was killed may take to let go of its socket, and how often to look.
const DYING: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(10);

/// Why there is no socket to listen on.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Another process answers there.
    #[error("{0} is in use: another process answers there; stop it, or choose another path")]
    Live(PathBuf),
    /// There is something else.
    #[error("{0} is not a socket; remove it, or choose another path")]
    Occupied(PathBuf),
    /// The system refused.
    #[error("cannot listen on {0}: {1}")]
    Refused(PathBuf, io::Error),
    /// What systemd passed is no listening Unix stream socket.
    #[error("the socket {0:?} that systemd passed cannot be used: {1}")]
    Passed(String, io::Error),
}

/// A listening socket. One that was bound here is removed when this is dropped.
#[derive(Debug)]
pub struct Listener {
    socket: OwnedFd,
    _bound: Option<Bound>,
}

/// A socket's path, and which file we made there.
#[derive(Debug)]
struct Bound {
    path: PathBuf,
    file: (u64, u64),
}

impl Listener {
    /// Binds a path. A socket that nobody answers on is replaced; the parent folder is made if it is missing.
    pub fn bind(path: &Path, mode: u32) -> Result<Self, SocketError> {
        clear_patiently(path)?;
        open(path, mode).map_err(|error| SocketError::Refused(path.into(), error))
    }

    fn passed(socket: OwnedFd) -> io::Result<Self> {
        sockopt::set_socket_passcred(&socket, true)?;
        Ok(Self { socket, _bound: None })
    }

    /// Another descriptor of the same socket.
    pub fn share(&self) -> io::Result<OwnedFd> {
        self.socket.try_clone()
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl Drop for Bound {
    fn drop(&mut self) {
        // By now the path may be another agent's.
        if fs::symlink_metadata(&self.path).is_ok_and(|found| (found.dev(), found.ino()) == self.file) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// The sockets that systemd opened for us, by their FileDescriptorName=.
pub struct Activation {
    sockets: ListenFd,
    names: Vec<String>,
}

impl Activation {
    /// Takes what sd_listen_fds(3) describes; once per process.
    pub fn from_env() -> Self {
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        Self { sockets: ListenFd::from_env(), names: names.split(':').map(str::to_owned).collect() }
    }

    /// None.
    pub fn none() -> Self {
        Self { sockets: ListenFd::empty(), names: Vec::new() }
    }

    /// The socket of this name, if it was passed.
    pub fn take(&mut self, name: &str) -> Result<Option<Listener>, SocketError> {
        let Some(index) = self.names.iter().position(|passed| passed == name) else { return Ok(None) };
        let socket = self.sockets.take_unix_listener(index).and_then(|socket| {
            let Some(socket) = socket else { return Ok(None) };
            Listener::passed(socket.into()).map(Some)
        });
        socket.map_err(|error| SocketError::Passed(name.into(), error))
    }
}

/// Makes way at a path; what a killed agent leaves behind answers for a moment longer than it.
fn clear_patiently(path: &Path) -> Result<(), SocketError> {
    let deadline = Instant::now() + DYING;
    loop {
        match clear(path) {
            Err(SocketError::Live(_)) if Instant::now() < deadline => std::thread::sleep(LOOK),
            cleared => return cleared,
        }
    }
}

/// Makes way at a path, unless something there is in use.
fn clear(path: &Path) -> Result<(), SocketError> {
    let refused = |error| SocketError::Refused(path.into(), error);
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return make_folder(path).map_err(refused),
        Err(error) => return Err(refused(error)),
        Ok(found) if !found.file_type().is_socket() => return Err(SocketError::Occupied(path.into())),
        Ok(_) => {}
    }
    match knock(path) {
        Err(Errno::CONNREFUSED) => fs::remove_file(path).map_err(refused),
        // AGAIN: it is there, and its queue is full. PROTOTYPE: it is there, and of another kind.
        Ok(()) | Err(Errno::AGAIN | Errno::PROTOTYPE) => Err(SocketError::Live(path.into())),
        Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(refused(errno.into())),
    }
}

fn knock(path: &Path) -> rustix::io::Result<()> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    net::connect(&socket, &SocketAddrUnix::new(path)?)
}

fn make_folder(path: &Path) -> io::Result<()> {
    let Some(folder) = path.parent() else { return Ok(()) };
    match DirBuilder::new().mode(FOLDER).create(folder) {
        Ok(()) => fs::set_permissions(folder, Permissions::from_mode(FOLDER)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn open(path: &Path, mode: u32) -> io::Result<Listener> {
    let socket = net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    sockopt::set_socket_passcred(&socket, true)?;
    let address = SocketAddrUnix::new(path)?;
    let before = rustix::process::umask(Mode::from_raw_mode(CLOSED));
    let bound = net::bind(&socket, &address);
    rustix::process::umask(before);
    bound?;
    let made = fs::symlink_metadata(path)?;
    let bound = Bound { path: path.into(), file: (made.dev(), made.ino()) };
    fs::set_permissions(path, Permissions::from_mode(mode))?;
    net::listen(&socket, BACKLOG)?;
    Ok(Listener { socket, _bound: Some(bound) })
}

#[cfg(test)]
mod tests;
