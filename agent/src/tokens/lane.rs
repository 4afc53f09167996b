//! One lane: a frame socket to one thread of a host, with one question outstanding at most.
//!
//! Answers are bounded and must repeat the question's number; anything else means that the lane cannot be trusted
//! any more, and it is dropped.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::net::{RecvFlags, SendFlags};
use token::lane::{Answer, Ask, Done, MAX_ANSWER, MAX_ASK, Work, decode, encode};
use token::seqpacket;
use tokio::io::Interest;
use tokio::net::UnixDatagram;
use tokio::time::timeout;

use super::AskError;

/// A lane's front end. Tokio knows no seqpacket sockets; its datagram type waits for any socket.
pub(super) struct Lane {
    socket: UnixDatagram,
    buffer: Vec<u8>,
    asked: u64,
}

impl Lane {
    pub(super) fn new(socket: OwnedFd) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&socket, true)?;
        Ok(Self { socket: UnixDatagram::from_std(socket.into())?, buffer: Vec::new(), asked: 0 })
    }

    /// Asks and waits. After `Err(Gone)` or `Err(Deadline)` the lane must not be used again.
    pub(super) async fn ask(&mut self, work: Work, deadline: Duration) -> Result<Done, AskError> {
        self.asked += 1;
        let frame = encode(&Ask { id: self.asked, work }).map_err(AskError::Fault)?;
        if frame.len() > MAX_ASK {
            return Err(AskError::TooLong);
        }
        // One question at a time: the socket's buffer always has room for it.
        seqpacket::send(&self.socket, &frame, &[], SendFlags::DONTWAIT).map_err(|_| AskError::Gone)?;
        let answer = timeout(deadline, self.receive()).await.map_err(|_| AskError::Deadline)??;
        if answer.id != self.asked {
            return Err(AskError::Gone);
        }
        answer.outcome.map_err(AskError::Fault)
    }

    async fn receive(&mut self) -> Result<Answer, AskError> {
        self.buffer.resize(MAX_ANSWER, 0);
        let (socket, buffer) = (&self.socket, &mut self.buffer);
        let received = socket.async_io(Interest::READABLE, || {
            let frame = seqpacket::receive(socket, buffer, &mut Vec::new(), RecvFlags::DONTWAIT)?;
            Ok(frame.len())
        });
        match received.await {
            Ok(0) | Err(_) => Err(AskError::Gone),
            Ok(length) => decode(&self.buffer[..length]).map_err(|_| AskError::Gone),
        }
    }
}
