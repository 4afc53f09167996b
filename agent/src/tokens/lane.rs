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
        loop {
            self.socket.readable().await.map_err(|_| AskError::Gone)?;
            match self.try_receive() {
                Ok(0) => return Err(AskError::Gone),
                Ok(length) => return decode(&self.buffer[..length]).map_err(|_| AskError::Gone),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Err(AskError::Gone),
            }
        }
    }

    /// One receive. After the one answer that was outstanding there is nothing more to read, and saying so spares the
    /// system call that would find it out.
    fn try_receive(&mut self) -> io::Result<usize> {
        let (socket, buffer) = (&self.socket, &mut self.buffer);
        let mut answer = None;
        let spent: io::Result<()> = socket.try_io(Interest::READABLE, || {
            let frame = seqpacket::receive(socket, buffer, &mut Vec::new(), RecvFlags::DONTWAIT)?;
            answer = Some(frame.len());
            Err(io::ErrorKind::WouldBlock.into())
        });
        match (answer, spent) {
            (Some(length), _) => Ok(length),
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Ok(0),
        }
    }
}
