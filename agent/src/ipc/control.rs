//! A control socket on the event loop: frames of JSON with descriptors, for supervisor and front.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::net::{RecvFlags, SendFlags};
use serde::Serialize;
use serde::de::DeserializeOwned;
use token::seqpacket;
use tokio::io::Interest;
use tokio::net::UnixDatagram;

/// One end of a control socket. Tokio knows no seqpacket sockets; its datagram type waits for any socket, and the frames
/// are sent and received by `token::seqpacket`.
pub struct Control(UnixDatagram);

impl Control {
    /// Registers a frame socket with the running event loop.
    pub fn new(socket: OwnedFd) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&socket, true)?;
        Ok(Self(UnixDatagram::from_std(socket.into())?))
    }

    /// Sends one frame with its descriptors.
    pub async fn send(&self, frame: &impl Serialize, fds: &[BorrowedFd<'_>]) -> io::Result<()> {
        let frame = serde_json::to_vec(frame)?;
        let send = || seqpacket::send(&self.0, &frame, fds, SendFlags::DONTWAIT);
        self.0.async_io(Interest::WRITABLE, send).await
    }

    /// Receives one frame with its descriptors; `None` when the other side is gone.
    pub async fn receive<T: DeserializeOwned>(&self) -> io::Result<Option<(T, Vec<OwnedFd>)>> {
        let mut buffer = vec![0; seqpacket::MAX_FRAME];
        let mut fds = Vec::new();
        let receive =
            || seqpacket::receive(&self.0, &mut buffer, &mut fds, RecvFlags::DONTWAIT).map(<[u8]>::len);
        match self.0.async_io(Interest::READABLE, receive).await? {
            0 => Ok(None),
            length => Ok(Some((serde_json::from_slice(&buffer[..length])?, fds))),
        }
    }
}
