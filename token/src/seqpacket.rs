//! Frames between Kunci's own processes: `SOCK_SEQPACKET` sockets that keep message boundaries and pass descriptors.
//!
//! Every receive is bounded; a frame that was cut, or that brought more descriptors than asked for, is an error. The
//! peers are our own processes on socket pairs, never a path in the file system.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, retry_on_intr};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};

/// The longest frame on any of our sockets, in bytes.
pub const MAX_FRAME: usize = 64 * 1024;
/// The most descriptors in one frame.
pub const MAX_FDS: usize = 64;

/// A connected pair of frame sockets, both close-on-exec.
pub fn pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
}

/// Sends one frame, with descriptors if there are any.
pub fn send(socket: impl AsFd, frame: &[u8], fds: &[BorrowedFd<'_>], flags: SendFlags) -> io::Result<()> {
    if frame.len() > MAX_FRAME || fds.len() > MAX_FDS {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "frame over its limit"));
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() {
        control.push(SendAncillaryMessage::ScmRights(fds));
    }
    let flags = flags | SendFlags::NOSIGNAL;
    let sent = retry_on_intr(|| sendmsg(&socket, &[IoSlice::new(frame)], &mut control, flags))?;
    if sent == frame.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
}

/// Receives one frame into `buffer` and appends its descriptors to `fds`. An empty frame means that the peer is gone.
pub fn receive<'a>(
    socket: impl AsFd,
    buffer: &'a mut [u8],
    fds: &mut Vec<OwnedFd>,
    flags: RecvFlags,
) -> io::Result<&'a [u8]> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MAX_FDS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut parts = [IoSliceMut::new(buffer)];
    let flags = flags | RecvFlags::CMSG_CLOEXEC;
    // A process that was stopped, or frozen, and goes on must not lose a lane by it.
    let received = retry_on_intr(|| recvmsg(&socket, &mut parts, &mut control, flags))?;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(passed) = message {
            fds.extend(passed);
        }
    }
    if received.flags.intersects(ReturnFlags::TRUNC | ReturnFlags::CTRUNC) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "frame over its limit"));
    }
    Ok(&buffer[..received.bytes])
}

/// Whether the other side sends nothing any more, whatever of it still waits to be read; looks for so long. Needs nothing of
/// the C library but the call.
pub(crate) fn is_at_its_end(socket: impl AsFd, patience: Timespec) -> bool {
    loop {
        let mut sockets = [PollFd::new(&socket, PollFlags::RDHUP)];
        match poll(&mut sockets, Some(&patience)) {
            Ok(told) => return told > 0,
            Err(Errno::INTR) => {}
            Err(_) => return true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_over_the_receivers_limit_is_an_error_and_not_a_shorter_frame() {
        let (a, b) = pair().unwrap();
        send(&a, &[1; 100], &[], SendFlags::empty()).unwrap();
        let mut buffer = [0; 99];
        assert!(receive(&b, &mut buffer, &mut Vec::new(), RecvFlags::empty()).is_err());
    }

    #[test]
    fn descriptors_arrive_with_their_frame() {
        let (a, b) = pair().unwrap();
        send(&a, b"x", &[a.as_fd(), b.as_fd()], SendFlags::empty()).unwrap();
        let (mut buffer, mut fds) = ([0; 8], Vec::new());
        assert_eq!(receive(&b, &mut buffer, &mut fds, RecvFlags::empty()).unwrap(), b"x");
        assert_eq!(fds.len(), 2);
    }
}
