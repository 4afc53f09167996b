//! A connection that believes only the process that opened it.
//!
//! Every receive asks for the sender's credentials (SO_PASSCRED, unix(7)); bytes from another process than the one
//! that connected end the connection. A write that makes no progress for ten seconds ends it too; where it was silent
//! for too long, its receiving side is shut before it is closed; and it lingers at its end. Answers are in flight until
//! here: until their bytes were handed to the kernel, or the connection is gone.

use std::future::Future;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use nix::cmsg_space;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, UnixCredentials, recvmsg};
use rustix::net::{Shutdown, shutdown};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::UnixStream;
use tokio::time::{Sleep, sleep};

use super::linger::Linger;
use super::silence::Silence;
use crate::ipc::peer::Peer;
use crate::spine::in_flight::InFlight;

/// How long a client may refuse to take bytes that wait for it.
const WRITE_STALL: Duration = Duration::from_secs(10);

/// What is in flight whose answers are being written.
#[derive(Clone, Default)]
pub(super) struct Outbox(Arc<Mutex<Leaving>>);

#[derive(Default)]
struct Leaving {
    in_flight: Vec<Arc<InFlight>>,
    written: bool,
}

/// The server's end of a connection.
pub(super) struct Stream {
    socket: UnixStream,
    peer: Arc<Peer>,
    outbox: Outbox,
    /// Room for the sender's credentials and nothing else: descriptors that somebody sends are the kernel's to drop.
    control: Vec<u8>,
    silence: Arc<Silence>,
    stall: Option<Pin<Box<Sleep>>>,
    linger: Option<Linger>,
}

impl Outbox {
    /// Keeps a request in flight until its answer was written.
    pub(super) fn put(&self, in_flight: Arc<InFlight>) {
        let mut leaving = self.leaving();
        leaving.written = false;
        leaving.in_flight.push(in_flight);
    }

    fn wrote(&self) {
        self.leaving().written = true;
    }

    /// All that was buffered is in the kernel's hands.
    fn flushed(&self) {
        let mut leaving = self.leaving();
        if leaving.written {
            leaving.in_flight.clear();
        }
    }

    fn leaving(&self) -> std::sync::MutexGuard<'_, Leaving> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream {
    pub(super) fn new(socket: UnixStream, peer: Arc<Peer>, outbox: Outbox, silence: Arc<Silence>) -> Self {
        let control = cmsg_space!(UnixCredentials);
        Self { socket, peer, outbox, control, silence, stall: None, linger: None }
    }

    /// One receive. Where it did not fill the buffer there is nothing more to read, and saying so to tokio spares the
    /// system call that would find it out.
    fn try_receive(&mut self, buffer: &mut ReadBuf<'_>) -> io::Result<()> {
        let Self { socket, peer, control, .. } = self;
        let mut filled = false;
        let spent = socket.try_io(Interest::READABLE, || {
            receive(socket, peer, control, buffer)?;
            filled = true;
            if buffer.remaining() > 0 && !buffer.filled().is_empty() {
                Err(io::ErrorKind::WouldBlock.into())
            } else {
                Ok(())
            }
        });
        if filled { Ok(()) } else { spent }
    }

    /// Counts a write's progress, or how long there has been none.
    fn progress(&mut self, cx: &mut Context<'_>, write: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if write.is_ready() {
            self.stall = None;
            self.outbox.wrote();
            self.silence.broken();
            return write;
        }
        let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(WRITE_STALL)));
        ready!(stall.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

/// Takes what has come, if the peer sent all of it. A sender that we cannot see has pid 0 here, and no peer has that.
fn receive(socket: &UnixStream, peer: &Peer, control: &mut [u8], buffer: &mut ReadBuf<'_>) -> io::Result<()> {
    let mut parts = [IoSliceMut::new(buffer.initialize_unfilled())];
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let received = recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(control), flags)?;
    let bytes = received.bytes;
    let ours = received.cmsgs()?.any(|message| match message {
        ControlMessageOwned::ScmCredentials(from) => from.pid() == peer.pid() && from.uid() == peer.uid(),
        _ => false,
    });
    if bytes > 0 && !ours {
        tracing::warn!(uid = peer.uid(), "bytes from another process than the one that connected");
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    buffer.advance(bytes);
    Ok(())
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.silence.is_over() {
            // Only now is it certain that nothing more is on its way; what has come is read before the end is.
            shutdown(&self.socket, Shutdown::Read)?;
        }
        loop {
            ready!(self.socket.poll_read_ready(cx))?;
            match self.try_receive(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => {
                    self.silence.broken();
                    return Poll::Ready(result);
                }
            }
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let write = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.progress(cx, write)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let write = Pin::new(&mut self.socket).poll_write_vectored(cx, parts);
        self.progress(cx, write)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outbox.flushed();
        Poll::Ready(Ok(()))
    }

    /// Shuts the sending side, and lingers.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { socket, linger, .. } = &mut *self;
        if linger.is_none() {
            ready!(Pin::new(&mut *socket).poll_shutdown(cx))?;
        }
        linger.get_or_insert_with(Linger::begin).poll(socket, cx).map(Ok)
    }
}
