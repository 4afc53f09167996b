//! Who is on the other end of a socket, in the kernel's words alone: uid, groups, pidfd and unit.
//!
//! Everything is taken when the connection is accepted, while the process provably lives; before every request the
//! pidfd is asked again, and every received message must come from the process that connected (SO_PASSCRED), so a
//! socket handed to another process is worthless. Whom the kernel cannot name here, being in a PID namespace beside ours, is
//! nobody: all of those have the same number. See unix(7), pidfd_open(2), cgroups(7).
//!
//! Only a connection makes a peer:
//! ```
//! # use std::os::{fd::OwnedFd, unix::net::UnixStream};
//! # use agent::ipc::peer::{NoPeer, Peer};
//! # type Claims = (u32, i32, Vec<u32>, Option<String>, Option<OwnedFd>);
//! fn meet(connection: &UnixStream, (uid, pid, groups, unit, pidfd): Claims) -> Result<Peer, NoPeer> {
//!     Peer::of(connection)
//! }
//! ```
//! and never a claim:
//! ```compile_fail,E0451
//! # use std::os::{fd::OwnedFd, unix::net::UnixStream};
//! # use agent::ipc::peer::{NoPeer, Peer};
//! # type Claims = (u32, i32, Vec<u32>, Option<String>, Option<OwnedFd>);
//! fn meet(connection: &UnixStream, (uid, pid, groups, unit, pidfd): Claims) -> Result<Peer, NoPeer> {
//!     Ok(Peer { uid, pid, groups, unit, pidfd })
//! }
//! ```

pub mod cgroup;
mod refusal;
pub mod status;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{getsockopt, sockopt};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::set_socket_passcred;
use rustix::process::Pid;

pub use refusal::NoPeer;
use status::Status;

/// The most bytes of a /proc file that are read: the status of a process in some 9,000 groups.
const MAX_PROC: u64 = 64 * 1024;

/// The process that connected.
#[derive(Debug)]
pub struct Peer {
    uid: u32,
    pid: i32,
    parent: Option<u32>,
    groups: Vec<u32>,
    unit: Option<String>,
    pidfd: Option<OwnedFd>,
}

impl Peer {
    /// Reads the peer of a fresh connection and turns on credentials for everything that it will send.
    pub fn of(connection: impl AsFd) -> Result<Self, NoPeer> {
        set_socket_passcred(&connection, true).map_err(io::Error::from)?;
        // nix's, since rustix's pid is never 0: that is what the kernel tells of a process that it cannot name here.
        let credentials = getsockopt(&connection, sockopt::PeerCredentials).map_err(io::Error::from)?;
        let (uid, pid) = (credentials.uid(), credentials.pid());
        if pid <= 0 {
            return Err(NoPeer::Unseen);
        }
        let pidfd = pidfd_of(&connection)?;
        let status = status_of(pid)?;
        let parent = status.as_ref().map(|status| status.parent);
        let effective = status.as_ref().map(|status| status.uid);
        let groups =
            [status.map(|status| status.groups).unwrap_or_default(), vec![credentials.gid()]].concat();
        let unit = proc_file(pid, "cgroup")?.and_then(|text| cgroup::unit(&text));
        let peer = Self { uid, pid, parent, groups, unit, pidfd };
        // Read first, asked after: what stood in /proc was this process's, not a successor's with its pid.
        if !peer.lives() {
            return Err(NoPeer::Gone);
        }
        // A process that became another user since it connected has that user's groups now; they are not the caller's.
        if effective.is_some_and(|now| now != uid) { Err(NoPeer::Changed) } else { Ok(peer) }
    }

    /// The effective user id at connect(2).
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// The process id at connect(2), for comparison with each message's credentials.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Whether it is a child of this process, as a host is of the supervisor: a module that was taken over is no caller.
    /// One of our own user whose parent is hidden counts as one.
    pub fn is_child_of(&self, process: Pid) -> bool {
        match self.parent {
            Some(parent) => parent == process.as_raw_nonzero().get().cast_unsigned(),
            None => self.uid == rustix::process::geteuid().as_raw(),
        }
    }

    /// The systemd unit, directly under system.slice, where the kernel gave a pidfd to vouch for it.
    pub fn unit(&self) -> Option<&str> {
        self.pidfd.as_ref().and(self.unit.as_deref())
    }

    /// Its groups, each once.
    pub fn groups(&self) -> Vec<u32> {
        let groups: BTreeSet<u32> = self.groups.iter().copied().collect();
        groups.into_iter().collect()
    }

    /// Whether the process has this group.
    pub fn has_group(&self, gid: u32) -> bool {
        self.groups.contains(&gid)
    }

    /// Whether the process that connected still lives. Where the kernel has no SO_PEERPIDFD (before 6.5) nobody can
    /// tell, and rules by unit are refused at start.
    pub fn lives(&self) -> bool {
        let Some(pidfd) = &self.pidfd else { return true };
        let mut fds = [PollFd::new(pidfd, PollFlags::IN)];
        matches!(poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })), Ok(0))
    }
}

/// What vouches for the process from now on; none where the kernel has no SO_PEERPIDFD.
fn pidfd_of(connection: &impl AsFd) -> Result<Option<OwnedFd>, NoPeer> {
    match getsockopt(connection, sockopt::PeerPidfd) {
        Ok(pidfd) => Ok(Some(pidfd)),
        Err(Errno::ENOPROTOOPT) => Ok(None),
        // The option is there and gives nothing: some kernels answer so of a process that has ended.
        Err(errno) => Err(NoPeer::Unknown(errno.into())),
    }
}

fn status_of(pid: i32) -> Result<Option<Status>, NoPeer> {
    let Some(text) = proc_file(pid, "status")? else { return Ok(None) };
    Status::parse(&text).map(Some).ok_or(NoPeer::Unreadable("status"))
}

/// A file of a process's, whole; none where it is hidden from us (proc(5), hidepid) or the process is gone.
fn proc_file(pid: i32, name: &'static str) -> Result<Option<Vec<u8>>, NoPeer> {
    let mut text = Vec::new();
    let Ok(file) = File::open(format!("/proc/{pid}/{name}")) else { return Ok(None) };
    match file.take(MAX_PROC + 1).read_to_end(&mut text) {
        // The beginning of a file would be believed to be all of it.
        Ok(read) if read as u64 > MAX_PROC => Err(NoPeer::Unreadable(name)),
        Ok(_) => Ok(Some(text)),
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peer_of_our_own_socket_is_ourselves() {
        let (a, _b) = std::os::unix::net::UnixStream::pair().unwrap();
        let peer = Peer::of(&a).unwrap();
        assert_eq!(peer.pid(), std::process::id().cast_signed());
        assert_eq!(peer.uid(), rustix::process::geteuid().as_raw());
        assert!(peer.has_group(rustix::process::getegid().as_raw()));
        assert!(peer.lives());
        assert!(peer.is_child_of(rustix::process::getppid().unwrap()));
        assert!(!peer.is_child_of(rustix::process::getpid()));
    }
}
