//! How a token does: how long a signature takes it, how many it made, and whether it failed just now.
//!
//! Memory only, and only for choosing between tokens and for telling an operator; no decision about keys rests on it.

use std::time::{Duration, Instant};

/// How much a new signature counts in the average: one eighth.
const WEIGHT: u32 = 8;
/// How long a token that failed is asked last, the first time and at most.
const SHORTEST_DOUBT: Duration = Duration::from_millis(250);
const LONGEST_DOUBT: Duration = Duration::from_secs(4);
/// After so many signatures made elsewhere a token is believed to be twice as fast: so the slow one gets a request now and
/// then, which shows whether it still is.
const FADING: u64 = 64;

/// A token's record since the agent's start.
#[derive(Clone, Debug, Default)]
pub struct Pace {
    /// Signatures that came back.
    pub signed: u64,
    /// How long one takes, averaged over the last few; zero before the first.
    pub service: Duration,
    /// What the last failure was, until a signature comes back. That the token was away is its host's to tell.
    pub failure: Option<String>,
    doubt: Option<Doubt>,
    /// How many signatures all tokens had made at its last one.
    last: u64,
}

#[derive(Clone, Copy, Debug)]
struct Doubt {
    until: Instant,
    length: Duration,
}

impl Pace {
    /// A signature came back after so long, the last of so many by all tokens.
    pub(super) fn signed(&mut self, service: Duration, all: u64) {
        let has_faded = self.expected(all) != self.service;
        self.signed += 1;
        self.last = all;
        self.service = if self.service.is_zero() || has_faded {
            service
        } else {
            self.service - self.service / WEIGHT + service / WEIGHT
        };
        (self.failure, self.doubt) = (None, None);
    }

    /// It made a signature that was only a trial.
    pub(super) fn proved(&mut self) {
        (self.failure, self.doubt) = (None, None);
    }

    /// It failed, or was away: for a while, longer each time, other tokens are asked first.
    pub(super) fn failed(&mut self, why: Option<&str>, now: Instant) {
        let length = self.doubt.map_or(SHORTEST_DOUBT, |doubt| (doubt.length * 2).min(LONGEST_DOUBT));
        self.doubt = Some(Doubt { until: now + length, length });
        self.failure = why.map(str::to_owned).or(self.failure.take());
    }

    /// How long the next signature may take it, after so many by all tokens. What was measured long ago says little.
    pub(super) fn expected(&self, all: u64) -> Duration {
        let halvings = all.saturating_sub(self.last) / FADING;
        self.service / 2u32.saturating_pow(u32::try_from(halvings).unwrap_or(u32::MAX))
    }

    /// Whether it failed just now.
    pub(super) fn is_doubtful(&self, now: Instant) -> bool {
        self.doubt.is_some_and(|doubt| now < doubt.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_fails_again_and_again_is_doubted_for_seconds_and_one_that_signs_not_at_all() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        for _ in 0..10 {
            pace.failed(Some("gone"), now);
        }
        pace.failed(None, now);
        assert_eq!(pace.failure.as_deref(), Some("gone"), "being away mends nothing");
        assert!(pace.is_doubtful(now + LONGEST_DOUBT - Duration::from_millis(1)));
        assert!(!pace.is_doubtful(now + LONGEST_DOUBT));
        pace.signed(Duration::from_millis(8), 1);
        assert!(!pace.is_doubtful(now));
        assert_eq!(pace.failure, None);
        pace.failed(None, now);
        assert!(pace.is_doubtful(now) && pace.failure.is_none());
        pace.failed(Some("gone"), now);
        pace.proved();
        assert!(!pace.is_doubtful(now) && pace.failure.is_none());
    }

    #[test]
    fn the_average_follows_the_last_few() {
        let mut pace = Pace::default();
        pace.signed(Duration::from_millis(80), 1);
        assert_eq!(pace.service, Duration::from_millis(80));
        for all in 2..100 {
            pace.signed(Duration::from_millis(8), all);
        }
        assert!(pace.service < Duration::from_millis(9));
    }

    #[test]
    fn what_was_measured_long_ago_fades_until_it_is_measured_anew() {
        let (mut pace, slow, fast) = (Pace::default(), Duration::from_millis(200), Duration::from_millis(2));
        pace.signed(slow, 1);
        assert_eq!(pace.expected(FADING), slow);
        assert_eq!(pace.expected(1 + FADING * 3), slow / 8);
        assert_eq!(pace.expected(u64::MAX), Duration::ZERO);
        assert_eq!(pace.service, slow, "what an operator is told does not fade");
        pace.signed(fast, 1 + FADING);
        assert_eq!(pace.service, fast);
    }
}
