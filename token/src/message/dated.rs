//! Whether a message is of now: the host's own clock against the dates that the front wrote.
//!
//! Without it a front that was taken over could have assertions signed for years ahead, and use them when it is long gone. Front
//! and host share a machine and its clock, so what an honest front composed is older only by its wait for the token.

use std::time::Duration;

use time::OffsetDateTime;

use super::certificate::BACKDATE_S;
use super::{Message, MessageError};

/// How far a message's date may lie from the host's clock, in seconds, besides the token's deadline.
pub const MAX_SKEW_S: i64 = 60;

/// A moment of the host's clock, and how far from it the messages may be dated that are signed then.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    seconds: i64,
    slack: i64,
}

impl Now {
    /// The clock's word, for a token with this deadline.
    pub fn read(deadline: Duration) -> Self {
        Self::at(OffsetDateTime::now_utc().unix_timestamp(), deadline)
    }

    /// This moment, in seconds since 1970, for a token with this deadline.
    pub fn at(seconds: i64, deadline: Duration) -> Self {
        let deadline = i64::try_from(deadline.as_secs()).unwrap_or(i64::MAX);
        Self { seconds, slack: deadline.saturating_add(MAX_SKEW_S) }
    }

    fn is_near(self, date: i64) -> bool {
        date.abs_diff(self.seconds) <= self.slack.unsigned_abs()
    }
}

impl Message {
    /// Whether it is dated now. A request has no date, and neither has a probe.
    pub(super) fn is_of(&self, now: Now) -> Result<(), MessageError> {
        let date = match self {
            Self::Assertion(assertion) => assertion.iat,
            Self::Proof(proof) => proof.nbf,
            Self::Certificate(certificate) => certificate.not_before.saturating_add(BACKDATE_S),
            Self::Request(_) | Self::Probe(_) => return Ok(()),
        };
        if now.is_near(date) { Ok(()) } else { Err(MessageError::Untimely { date, now: now.seconds }) }
    }
}

#[cfg(test)]
mod tests;
