//! How long to wait before a process is started again: longer each time, unless it had served for a while.

use std::time::Duration;

/// The first wait.
const FIRST: Duration = Duration::from_millis(100);
/// The longest wait: with a start after it, service is back within five seconds of whatever was in the way.
const LONGEST: Duration = Duration::from_secs(3);
/// A process that served this long starts with the first wait again.
const SERVED: Duration = Duration::from_secs(10);

/// The waits of one process.
pub(super) struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Backoff {
    /// The next wait, after a process that served this long; `None` where it never did.
    pub(super) fn next(&mut self, served: Option<Duration>) -> Duration {
        if served.is_some_and(|served| served >= SERVED) {
            self.0 = FIRST;
        }
        let wait = self.0;
        self.0 = LONGEST.min(wait * 2);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_three_seconds() {
        let mut backoff = Backoff::default();
        let waits: Vec<u128> =
            (0..8).map(|_| backoff.next(Some(Duration::from_secs(9))).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3000, 3000, 3000]);
    }

    #[test]
    fn a_process_that_served_ten_seconds_is_back_at_once() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.next(None), FIRST);
        assert_eq!(backoff.next(None), 2 * FIRST);
        assert_eq!(backoff.next(Some(SERVED)), FIRST);
    }
}
