//! The host's half of `kunci token unlock`: a connection that the supervisor passed on unread.
//!
//! The client sends its PIN and a newline, and gets `ok` or `refused: …`. Who it is, only the socket's
//! mode 0600 checked; here it is bounded, in bytes and in time.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use zeroize::Zeroizing;

use super::pin::MAX_PIN_BYTES;
use crate::pin::{NotOneLine, Pin};

/// How long a client may take to send its PIN.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a client may take to read its answer.
const ANSWER_PATIENCE: Duration = Duration::from_secs(1);

/// A client that waits for its answer.
pub(super) struct Client(UnixStream);

impl Client {
    pub(super) fn new(connection: OwnedFd) -> Self {
        let stream = UnixStream::from(connection);
        // The supervisor's event loop made it non-blocking; without that, reads below would time out at once.
        let _ = stream.set_nonblocking(false);
        Self(stream)
    }

    /// Reads the PIN; why there is none where the client sent none in time, or something that cannot be one.
    pub(super) fn pin(&mut self) -> Result<Pin, String> {
        const NONE: &str = "no PIN of 1 to 256 bytes and a newline came in 30 s";
        let line = self.line().ok_or(NONE)?;
        Pin::from_bytes(&line).map_err(|why| match why {
            NotOneLine::Empty => NONE.to_owned(),
            why => format!("what was typed {why}; it was not tried"),
        })
    }

    /// Reads a management key in its place; no PIN of a YubiKey's is as long as one.
    #[cfg(feature = "piv")]
    pub(super) fn management_key(&mut self) -> Option<crate::piv::Secret> {
        crate::piv::Secret::from_hex(&self.line()?)
    }

    fn line(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        let deadline = Instant::now() + PATIENCE;
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_PIN_BYTES + 1));
        while bytes.last() != Some(&b'\n') {
            if bytes.len() > MAX_PIN_BYTES {
                return None;
            }
            bytes.push(self.byte(deadline).ok()??);
        }
        Some(bytes)
    }

    /// The PIN was accepted.
    pub(super) fn accept(self) {
        self.answer("ok\n");
    }

    /// It was not, or no PIN is wanted.
    pub(super) fn refuse(self, why: &str) {
        self.answer(&format!("refused: {}\n", why.replace('\n', " ")));
    }

    /// The next byte, or none when the client is gone. One at a time: nothing after the newline is taken for a PIN.
    fn byte(&mut self, deadline: Instant) -> io::Result<Option<u8>> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.0.set_read_timeout(Some(left))?;
        let mut byte = Zeroizing::new([0]);
        Ok((self.0.read(&mut *byte)? == 1).then(|| byte[0]))
    }

    /// Answers, as far as the client is still there to hear.
    fn answer(mut self, text: &str) {
        let answered =
            self.0.set_write_timeout(Some(ANSWER_PATIENCE)).and_then(|()| self.0.write_all(text.as_bytes()));
        if answered.and_then(|()| self.0.shutdown(Shutdown::Write)).is_ok() {
            self.drain();
        }
    }

    /// Reads what was sent unasked: closing over unread bytes would reset the connection and lose the answer.
    fn drain(&mut self) {
        let mut unread = Zeroizing::new([0; MAX_PIN_BYTES]);
        let deadline = Instant::now() + ANSWER_PATIENCE;
        while self.0.set_read_timeout(Some(ANSWER_PATIENCE)).is_ok()
            && Instant::now() < deadline
            && self.0.read(&mut *unread).is_ok_and(|read| read > 0)
        {}
    }
}
