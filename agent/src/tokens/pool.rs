//! The lanes of one host process, and the bounded, first-come queue in front of them.
//!
//! A question goes to the lane that has the fewest. A pool with a dead lane is shut: its host is killed, and new lanes come
//! with the next one.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use token::lane::{Done, Fault, Work};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::lane::{Lane, PLACES};
use crate::problem::Problem;

/// How many requests may wait for a lane of one token.
const MAX_WAITING: usize = 1024;

/// Lanes of one host process.
pub(super) struct Pool {
    lanes: Vec<Arc<Lane>>,
    /// Places on lanes that are not taken.
    free: Semaphore,
    waiting: AtomicUsize,
}

/// Why a token did not do it.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The host said why.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// There is no host, or it died with the question.
    #[error("the token's host is not there")]
    Gone,
    /// The host took too long and is killed.
    #[error("the token took too long")]
    Deadline,
    /// Too many requests wait already.
    #[error("too many requests wait for the token")]
    Busy,
    /// The message is over a lane's limit.
    #[error("the message is longer than 16 KiB")]
    TooLong,
    /// The host answered something else than what was asked.
    #[error("the host's answer is of another kind")]
    Unexpected,
}

impl Pool {
    pub(super) fn new(lanes: Vec<OwnedFd>) -> io::Result<Self> {
        let new = |socket| Lane::new(socket).map(Arc::new);
        let lanes = lanes.into_iter().map(new).collect::<Result<Vec<_>, _>>()?;
        let free = Semaphore::new(lanes.len() * PLACES);
        Ok(Self { lanes, free, waiting: AtomicUsize::new(0) })
    }

    pub(super) async fn ask(&self, work: Work, deadline: Duration) -> Result<Done, AskError> {
        let places = places(&work);
        let _permit = match self.free.try_acquire_many(places) {
            Ok(permit) => permit,
            Err(_) => self.wait(places, deadline).await?,
        };
        let lane = self.lanes.iter().min_by_key(|lane| lane.taken()).ok_or(AskError::Gone)?;
        let answer = lane.seat(places as usize).ask(work, deadline).await;
        if let Err(AskError::Gone | AskError::Deadline) = answer {
            self.free.close();
        }
        answer
    }

    async fn wait(&self, places: u32, deadline: Duration) -> Result<SemaphorePermit<'_>, AskError> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= MAX_WAITING {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(AskError::Busy);
        }
        let permit = timeout(deadline, self.free.acquire_many(places)).await;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        permit.map_err(|_| AskError::Busy)?.map_err(|_| AskError::Gone)
    }
}

/// How many of a lane's places a question takes: nothing waits behind work that may take minutes.
fn places(work: &Work) -> u32 {
    match work {
        Work::Sign { .. } | Work::Probe { .. } | Work::Certificate { .. } => 1,
        _ => PLACES as u32,
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        let unavailable =
            |detail: &str| Self::unavailable("token-unavailable", "The token is not available", detail);
        match &error {
            AskError::Busy => Self::unavailable(
                "token-busy",
                "The token is busy",
                "Too many requests wait. Try again, less often.",
            ),
            AskError::Gone | AskError::Fault(Fault::Starting) => {
                unavailable("Its host is starting. Try again.")
            }
            AskError::Deadline => unavailable("It took too long, and its host is restarted. Try again."),
            AskError::Fault(Fault::TokenMissing(_) | Fault::TokenAmbiguous(_)) => {
                unavailable("The operator has to put it back: `kunci status` names it.")
            }
            AskError::Fault(Fault::Locked | Fault::Latched(_) | Fault::PinSource(_)) => {
                unavailable("It is not logged in. The operator sees why in `kunci status`.")
            }
            AskError::Fault(Fault::KeyMissing | Fault::KeyMismatch) => unavailable(
                "The connector's pinned key is not on it. The operator sees why in `kunci token check`.",
            ),
            AskError::Fault(Fault::Device(_)) => unavailable("It failed. Try again."),
            _ => {
                let status = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
                Self::new(status, "token-failed", "The token cannot do this", "The agent's log says why.")
            }
        }
    }
}

#[cfg(test)]
mod tests;
