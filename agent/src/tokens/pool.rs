//! The lanes of one host process, and the queue in front of them.
//!
//! A question goes to the lane that has the fewest. A pool with a dead lane is shut: its host has to go, and new lanes come
//! with the next one.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use token::lane::{Done, Fault, LedgerWork, Work};
use tokio::time::timeout;

use super::lane::{Lane, SHALLOWEST, depth};
use super::queue::{Closed, Entry, PermitKind, Queue, QueuePermit, RequesterId};

/// Lanes of one host process.
pub(super) struct Pool {
    lanes: Vec<Arc<Lane>>,
    queue: Arc<Queue>,
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
    /// The host took too long and has to go.
    #[error("the token took too long")]
    Deadline,
    /// Too many requests wait already; so many seconds later it may be otherwise.
    #[error("too many requests wait for the token")]
    Busy(u32),
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
        Ok(Self { queue: Queue::new(lanes.len(), SHALLOWEST), lanes })
    }

    /// Puts so many questions on each lane as suit a token that takes so long for a signature.
    pub(super) fn follow(&self, service: Duration) {
        self.queue.set_depth(depth(service));
    }

    /// A permit, if nobody else wants anything of the token.
    pub(super) fn quiet_permit(&self) -> Result<Option<QueuePermit>, AskError> {
        self.queue.enter_quietly().map_err(|_| AskError::Gone)
    }

    /// Waits for a permit, if need be so long. Nothing reaches the token meanwhile.
    pub(super) async fn permit(
        &self,
        requester: &RequesterId,
        kind: PermitKind,
        patience: Duration,
    ) -> Result<QueuePermit, AskError> {
        match self.queue.enter(requester, kind) {
            Ok(Entry::Now(taken)) => Ok(taken),
            Ok(Entry::Later(called)) => {
                timeout(patience, called).await.map_err(|_| AskError::Busy(1))?.map_err(|_| AskError::Gone)
            }
            Err(Closed::Full) => Err(AskError::Busy(1)),
            Err(Closed::Shut) => Err(AskError::Gone),
        }
    }

    /// Asks on the lane that has the fewest questions, and says how long the work took.
    pub(super) async fn ask(
        &self,
        taken: QueuePermit,
        work: Work,
        deadline: Duration,
    ) -> Result<(Done, Duration), AskError> {
        let lane = self.lanes.iter().min_by_key(|lane| lane.taken()).ok_or(AskError::Gone)?;
        let answer = lane.take(taken.kind()).ask(work, deadline).await;
        if let Err(AskError::Gone | AskError::Deadline) = answer {
            self.shut();
        }
        answer
    }

    /// Lets no question in any more.
    pub(super) fn shut(&self) {
        self.queue.shut();
    }

    /// Whether a lane, or what is behind it, failed.
    pub(super) fn is_shut(&self) -> bool {
        self.queue.is_shut()
    }

    /// How long the next request of this requester would wait for its turn, at so much for each one before it.
    pub(super) fn wait(&self, requester: &RequesterId, service: Duration) -> Duration {
        let ahead = self.queue.ahead_of(requester) + self.queue.taken();
        let lanes = u32::try_from(self.lanes.len()).unwrap_or(u32::MAX).max(1);
        service * u32::try_from(ahead).unwrap_or(u32::MAX) / lanes
    }

    /// How many requests wait.
    pub(super) fn waiting(&self) -> usize {
        self.queue.waiting()
    }
}

/// What a question needs: nothing waits behind work that may take minutes.
pub(super) fn needs(work: &Work) -> PermitKind {
    match work {
        Work::Sign { .. } | Work::Probe { .. } | Work::Certificates { .. } => PermitKind::Shared,
        Work::Ledger(LedgerWork::Sign { .. }) => PermitKind::Shared,
        _ => PermitKind::Exclusive,
    }
}

impl AskError {
    /// Whether the token was away or not logged in, which its host's state tells as long as it lasts.
    pub fn is_absence(&self) -> bool {
        use Fault::{Latched, Locked, PinSource, Starting, TokenAmbiguous, TokenMissing};
        matches!(
            self,
            Self::Fault(Starting | Locked | TokenMissing(_) | TokenAmbiguous(_) | Latched(_) | PinSource(_))
        )
    }

    /// Whether the token is to blame, so that another one might do it. What was asked for in vain, or cannot be had as it
    /// was asked for, says nothing against a token.
    pub fn is_the_tokens(&self) -> bool {
        match self {
            Self::Gone | Self::Deadline | Self::Unexpected => true,
            Self::TooLong | Self::Busy(_) => false,
            Self::Fault(fault) => match fault {
                Fault::Starting
                | Fault::TokenMissing(_)
                | Fault::TokenAmbiguous(_)
                | Fault::Locked
                | Fault::Latched(_)
                | Fault::PinSource(_)
                | Fault::KeyMissing
                | Fault::KeyMismatch
                | Fault::Device(_)
                | Fault::Broken(_)
                | Fault::Permanent(_)
                | Fault::Refused(_)
                | Fault::Touch
                | Fault::NoUserPin(_)
                | Fault::Protocol => true,
                Fault::Message(_)
                | Fault::Untimely(_)
                | Fault::UnknownConnector
                | Fault::Initialise(_)
                | Fault::Unfinished(_)
                | Fault::Attributes(_)
                | Fault::CertificateMismatch
                | Fault::Slot(_)
                | Fault::OtherCertificate(_)
                | Fault::ManagementKey(_)
                | Fault::Ledger(_) => false,
            },
        }
    }
}

#[cfg(test)]
mod tests;
