//! One lane: a frame socket to one thread of a host, which answers in the order of the questions.
//!
//! Further questions may lie in the socket while the thread works on the first, so that a busy token never waits for the
//! front. Each requester reads its own answer, in its turn. Answers are bounded and must repeat the question's number;
//! anything else means that the lane cannot be trusted any more, and its host has to go.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::net::{RecvFlags, SendFlags};
use token::lane::{Answer, Ask, Done, MAX_ANSWER, MAX_ASK, Work, decode, encode};
use token::seqpacket;
use tokio::io::Interest;
use tokio::net::UnixDatagram;
use tokio::sync::Mutex;
use tokio::task::unconstrained;
use tokio::time::timeout;

use super::AskError;
use super::queue::PermitKind;

/// How many places a lane has at least: for the question that is worked on, and for the next.
pub(super) const SHALLOWEST: usize = 2;
/// How many it has at most.
pub(super) const DEEPEST: usize = 8;
/// How much work lies on a lane, by the average of its token and as far as these two let it. What lies there is out of
/// everybody's hands: nobody comes before it any more. But a front that brings and takes many at a time is woken less often.
const AHEAD: Duration = Duration::from_millis(8);

/// A lane's front end. Tokio knows no seqpacket sockets; its datagram type waits for any socket.
pub(super) struct Lane {
    socket: UnixDatagram,
    asked: AtomicU64,
    taken: AtomicUsize,
    /// The turn to read, first come, first served, and the buffer to read into.
    turn: Mutex<Vec<u8>>,
}

/// Places on a lane, taken for one question until it is answered.
pub(super) struct OnLane {
    lane: Arc<Lane>,
    places: usize,
}

/// How many places a lane of a token has that takes so long for a signature; nobody knows yet where it is zero.
pub(super) fn depth(service: Duration) -> usize {
    let fitting = AHEAD.as_nanos().checked_div(service.as_nanos()).unwrap_or(0);
    usize::try_from(fitting).unwrap_or(usize::MAX).clamp(SHALLOWEST, DEEPEST)
}

impl Lane {
    pub(super) fn new(socket: OwnedFd) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&socket, true)?;
        let socket = UnixDatagram::from_std(socket.into())?;
        Ok(Self { socket, asked: AtomicU64::new(0), taken: AtomicUsize::new(0), turn: Mutex::default() })
    }

    /// How many places are taken.
    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// Takes what one question needs. Beside a lane that somebody has alone, whoever may take a place finds one with fewer.
    pub(super) fn take(self: &Arc<Self>, kind: PermitKind) -> OnLane {
        let places = match kind {
            PermitKind::Shared => 1,
            PermitKind::Exclusive => DEEPEST,
        };
        self.taken.fetch_add(places, Ordering::Relaxed);
        OnLane { lane: self.clone(), places }
    }

    async fn receive(&self, buffer: &mut Vec<u8>) -> Result<Answer, AskError> {
        buffer.resize(MAX_ANSWER, 0);
        loop {
            self.socket.readable().await.map_err(|_| AskError::Gone)?;
            match self.try_receive(buffer) {
                Ok(0) => return Err(AskError::Gone),
                Ok(length) => return decode(&buffer[..length]).map_err(|_| AskError::Gone),
                // A host that ended with questions unread is told of first, before what it still answered.
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::ConnectionReset) => {
                }
                Err(_) => return Err(AskError::Gone),
            }
        }
    }

    /// One receive. Where no other question is on the lane there is nothing more to read, and saying so to tokio spares the
    /// system call that would find it out.
    fn try_receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut answer = None;
        let spent = self.socket.try_io(Interest::READABLE, || {
            let frame = seqpacket::receive(&self.socket, buffer, &mut Vec::new(), RecvFlags::DONTWAIT)?;
            answer = Some(frame.len());
            if self.taken() > 1 { Ok(()) } else { Err(io::ErrorKind::WouldBlock.into()) }
        });
        match (answer, spent) {
            (Some(length), _) => Ok(length),
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Ok(0),
        }
    }
}

impl OnLane {
    /// Asks and waits; the deadline runs from the question's turn. After `Err(Gone)` or `Err(Deadline)` the lane must not
    /// be used again: an answer that comes late has another number than the next question.
    /// Says how long the work took besides.
    pub(super) async fn ask(self, work: Work, deadline: Duration) -> Result<(Done, Duration), AskError> {
        let lane = &*self.lane;
        let id = lane.asked.fetch_add(1, Ordering::Relaxed) + 1;
        let frame = encode(&Ask { id, work }).map_err(AskError::Fault)?;
        if frame.len() > MAX_ASK {
            return Err(AskError::TooLong);
        }
        // The kernel's default buffer (net.core.wmem_default, 208 KiB) has room for as many questions as there are places.
        seqpacket::send(&lane.socket, &frame, &[], SendFlags::DONTWAIT).map_err(|_| AskError::Gone)?;
        // Turns are in the order of the sends only if nothing comes between: no yielding to other tasks here.
        let mut buffer = unconstrained(lane.turn.lock()).await;
        let began = Instant::now();
        let answer = timeout(deadline, lane.receive(&mut buffer)).await.map_err(|_| AskError::Deadline)??;
        if answer.id != id {
            return Err(AskError::Gone);
        }
        Ok((answer.outcome?, began.elapsed()))
    }
}

impl Drop for OnLane {
    fn drop(&mut self) {
        self.lane.taken.fetch_sub(self.places, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
