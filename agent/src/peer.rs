//! Who is on the other end of a socket, in the kernel's words alone: uid, groups, pidfd and unit.
//!
//! Everything is taken when the connection is accepted, while the process provably lives; before every request the
//! pidfd is asked again, and every received message must come from the process that connected (SO_PASSCRED), so a
//! socket handed to another process is worthless. See unix(7), pidfd_open(2), cgroups(7).
//!
//! Only a connection makes a peer:
//! ```
//! # use std::os::{fd::OwnedFd, unix::net::UnixStream};
//! # use agent::peer::{NoPeer, Peer};
//! # type Claims = (u32, i32, Vec<u32>, Option<String>, Option<OwnedFd>);
//! fn meet(connection: &UnixStream, (uid, pid, groups, unit, pidfd): Claims) -> Result<Peer, NoPeer> {
//!     Peer::of(connection)
//! }
//! ```
//! and never a claim:
//! ```compile_fail,E0451
//! # use std::os::{fd::OwnedFd, unix::net::UnixStream};
//! # use agent::peer::{NoPeer, Peer};
//! # type Claims = (u32, i32, Vec<u32>, Option<String>, Option<OwnedFd>);
//! fn meet(connection: &UnixStream, (uid, pid, groups, unit, pidfd): Claims) -> Result<Peer, NoPeer> {
//!     Ok(Peer { uid, pid, groups, unit, pidfd })
//! }
//! ```

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{getsockopt, sockopt};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::{set_socket_passcred, socket_peercred};
use rustix::process::Pid;

/// The most bytes of a /proc file that are read.
const MAX_PROC: u64 = 64 * 1024;
/// The place of the effective uid in the `Uid:` line of /proc/PID/status (proc(5)).
const EFFECTIVE: usize = 1;

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

/// Why a connection has no peer.
#[derive(Debug, thiserror::Error)]
pub enum NoPeer {
    /// The kernel did not say.
    #[error("the kernel does not tell who connected: {0}")]
    Unknown(#[from] io::Error),
    /// It connected and ended.
    #[error("the process that connected has ended")]
    Gone,
    /// It connected and became another user.
    #[error("the process that connected has become another user")]
    Changed,
    /// It is a token's host.
    #[error("the process that connected is a host of this agent: its module is no caller")]
    Host,
}

impl Peer {
    /// Reads the peer of a fresh connection and turns on credentials for everything that it will send.
    pub fn of(connection: impl AsFd) -> Result<Self, NoPeer> {
        set_socket_passcred(&connection, true).map_err(io::Error::from)?;
        let credentials = socket_peercred(&connection).map_err(io::Error::from)?;
        let pidfd = match getsockopt(&connection, sockopt::PeerPidfd) {
            Ok(pidfd) => Some(pidfd),
            Err(Errno::ENOPROTOOPT) => None,
            // The option is there and gives nothing: some kernels answer so of a process that has ended.
            Err(errno) => return Err(NoPeer::Unknown(errno.into())),
        };
        let pid = credentials.pid.as_raw_nonzero().get();
        let status = proc_file(pid, "status").unwrap_or_default();
        let uid = credentials.uid.as_raw();
        let groups = [numbers(&status, "Groups:"), vec![credentials.gid.as_raw()]].concat();
        let parent = numbers(&status, "PPid:").first().copied();
        let peer = Self { uid, pid, parent, groups, unit: unit_of(pid), pidfd };
        // Read first, asked after: what stood in /proc was this process's, not a successor's with its pid.
        if !peer.lives() {
            return Err(NoPeer::Gone);
        }
        // A process that became another user since it connected has that user's groups now; they are not the caller's.
        let effective = numbers(&status, "Uid:").get(EFFECTIVE).copied();
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

fn proc_file(pid: i32, name: &str) -> Option<String> {
    let file = std::fs::File::open(format!("/proc/{pid}/{name}")).ok()?;
    io::read_to_string(io::Read::take(file, MAX_PROC)).ok()
}

/// The numbers in one line of /proc/PID/status.
fn numbers(status: &str, name: &str) -> Vec<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().filter_map(|number| number.parse().ok()).collect()
}

fn unit_of(pid: i32) -> Option<String> {
    unit_in(&proc_file(pid, "cgroup")?)
}

/// The first component under system.slice that is no slice: of the unified hierarchy, else of systemd's own.
fn unit_in(cgroup: &str) -> Option<String> {
    let path = |mark: &str| cgroup.lines().find_map(|line| line.split_once(mark).map(|(_, path)| path));
    let path = path("0::").filter(|path| *path != "/").or_else(|| path(":name=systemd:"))?;
    let mut parts = path.strip_prefix("/system.slice/")?.split('/');
    let unit = parts.find(|part| !part.ends_with(".slice"))?;
    (!unit.is_empty()).then(|| unit.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_the_first_non_slice_under_system_slice_only() {
        let unit = |path: &str| unit_in(&format!("0::{path}\n"));
        assert_eq!(unit("/system.slice/iep.service").as_deref(), Some("iep.service"));
        assert_eq!(
            unit("/system.slice/system-iep.slice/iep@1.service/sub").as_deref(),
            Some("iep@1.service")
        );
        assert_eq!(unit("/user.slice/user-1000.slice/user@1000.service/app.slice/iep.service"), None);
        assert_eq!(unit("/evil/system.slice/iep.service"), None);
        assert_eq!(unit("/system.slice/"), None);
        assert_eq!(unit("/system.slicex/iep.service"), None);
    }

    #[test]
    fn a_hybrid_hierarchy_is_read_from_systemds_own() {
        let cgroup = "3:cpu:/\n1:name=systemd:/system.slice/iep.service\n0::/\n";
        assert_eq!(unit_in(cgroup).as_deref(), Some("iep.service"));
    }

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
