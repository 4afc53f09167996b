//! Whether a token is too busy for one more request, and after how many seconds it may be otherwise: `Retry-After`.
//!
//! By the pace of now and the requests before it. Other refusals have a time of their own: a rule's rate
//! ([`crate::spine::rate`]), a clock that was moved ([`crate::spine`]), and a second for all that only has to come back
//! ([`api::Problem::unavailable`]).

use std::time::Duration;

use super::{RequesterId, Token};

impl Token {
    /// In how many seconds this requester may ask again; nothing where its next request would wait no longer than the
    /// token's deadline.
    pub(super) fn retry_after(&self, requester: &RequesterId) -> Option<u32> {
        let too_long = self.wait(requester).saturating_sub(self.deadline);
        let seconds = too_long.as_secs().saturating_add(1);
        (!too_long.is_zero()).then(|| u32::try_from(seconds).unwrap_or(u32::MAX))
    }

    /// How long this requester's next request would wait for its turn, by the pace of now.
    fn wait(&self, requester: &RequesterId) -> Duration {
        let state = self.state();
        state.pool.as_ref().map_or(Duration::ZERO, |pool| pool.wait(requester, state.pace.service))
    }
}
