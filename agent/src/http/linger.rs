//! The last moment of a connection (a lingering close): what the client is still sending is read and thrown away.
//!
//! A client that finds its connection closed in the middle of its own sending is told EPIPE, and many then never read
//! the answer that waits for them. So the sending side is shut first, and the rest goes once the client has closed too:
//! after a moment and so many bytes at the latest, since whoever lingers keeps its place.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::time::{Sleep, sleep};

/// How long a client may take to close its side.
const LINGER: Duration = Duration::from_secs(2);
/// How much it may send meanwhile, in bytes.
const MAX_DISCARDED: usize = 1024 * 1024;
/// How much of it is taken at a time, in bytes.
const CHUNK: usize = 16 * 1024;

/// A connection's last moment.
pub(super) struct Linger {
    left: usize,
    over: Pin<Box<Sleep>>,
}

impl Linger {
    /// It begins now; the sending side is shut.
    pub(super) fn begin() -> Self {
        Self { left: MAX_DISCARDED, over: Box::pin(sleep(LINGER)) }
    }

    /// Reads on; ready once the client has closed, or has had its moment.
    pub(super) fn poll(&mut self, socket: &UnixStream, cx: &mut Context<'_>) -> Poll<()> {
        let mut chunk = [0; CHUNK];
        while self.left > 0 && self.over.as_mut().poll(cx).is_pending() {
            if ready!(socket.poll_read_ready(cx)).is_err() {
                break;
            }
            match socket.try_read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => self.left = self.left.saturating_sub(read),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
        Poll::Ready(())
    }
}
