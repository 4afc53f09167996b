//! A connection that never blocks, for one thread that drives many and must tell what came before from what came after.

use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::http::Reply;
use crate::wait::PATIENCE;

/// One end of a connection, and what was heard on it so far.
pub struct Wire {
    stream: UnixStream,
    heard: Vec<u8>,
    over: bool,
}

impl Wire {
    pub fn open(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).unwrap();
        stream.set_nonblocking(true).unwrap();
        Self { stream, heard: Vec::new(), over: false }
    }

    /// Says as much as the kernel takes; how many bytes that was.
    pub fn say(&mut self, bytes: &[u8]) -> usize {
        match self.stream.write(bytes) {
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => panic!("the connection is gone: {error}"),
        }
    }

    /// Takes up to so many bytes that the kernel holds by now; how many there were.
    pub fn listen(&mut self, most: usize) -> usize {
        let before = self.heard.len();
        let mut buffer = vec![0; most.min(64 * 1024)];
        while !self.over && self.heard.len() - before < most {
            let room = (most - (self.heard.len() - before)).min(buffer.len());
            match self.stream.read(&mut buffer[..room]) {
                Ok(0) => self.over = true,
                Ok(length) => self.heard.extend(&buffer[..length]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => self.over = true,
            }
        }
        self.heard.len() - before
    }

    /// The whole answers among what is here by now.
    pub fn answers(&mut self) -> Vec<Reply> {
        self.listen(usize::MAX);
        let mut answers = Vec::new();
        while let Some((reply, length)) = Reply::parse(&self.heard) {
            answers.push(reply);
            self.heard.drain(..length);
        }
        answers
    }

    /// Whether a part of an answer is here.
    pub fn is_amid(&self) -> bool {
        !self.heard.is_empty()
    }

    /// Whether the other side closed it.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Waits until something can be heard on one of them.
    pub fn wait<'a>(wires: impl IntoIterator<Item = &'a Wire>) {
        let mut fds: Vec<_> =
            wires.into_iter().map(|wire| PollFd::new(&wire.stream, PollFlags::IN)).collect();
        let patience = Timespec { tv_sec: PATIENCE.as_secs().cast_signed(), tv_nsec: 0 };
        assert_ne!(poll(&mut fds, Some(&patience)).unwrap(), 0, "nothing is heard within {PATIENCE:?}");
    }
}
