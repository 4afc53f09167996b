//! How long a module may be silent while it loads or logs in.
//!
//! A call that may write to its token has the limit of that call, from when it was first seen under way: a disk that stalls
//! amid a login is waited for, since a kill there can cost the token. What comes before and between such calls, and the
//! module's start, is waited for shorter, since service should come back: two seconds at first, longer each time for one that
//! was killed so, and for one that took long and came back. Counted in looks, not in time: a machine that stood still is no
//! module that hangs.

use std::time::Duration;

use token::writes::Call;

use super::TICK;

/// How many looks a start is waited for at first: two seconds.
const FIRST: u32 = 4;
/// How many at most: half a minute.
const LAST: u32 = 60;
/// How much longer a module may take than it took the last time.
const MARGIN: u32 = 3;

/// How long one token's host is waited for.
pub(super) struct LoadTimeout {
    limit: u32,
    looks: u32,
    /// The longest silence of this process's start, its logins apart.
    longest: u32,
    call: Option<Call>,
}

impl Default for LoadTimeout {
    fn default() -> Self {
        Self { limit: FIRST, looks: 0, longest: 0, call: None }
    }
}

impl LoadTimeout {
    /// A new process begins.
    pub(super) fn started(&mut self) {
        (self.looks, self.longest, self.call) = (0, 0, None);
    }

    /// It said something, or came to another call.
    pub(super) fn heard(&mut self) {
        if is_short(self.call) {
            self.longest = self.longest.max(self.looks);
        }
        self.looks = 0;
    }

    /// It serves: what this start took is no hang the next time.
    pub(super) fn served(&mut self) {
        self.limit = (self.longest * MARGIN).clamp(FIRST, LAST);
    }

    /// Another look, and it was silent, with this call under way at a token of this deadline; whether it hangs.
    pub(super) fn is_over(&mut self, call: Option<Call>, deadline: Duration) -> bool {
        if self.call != call {
            self.heard();
            self.call = call;
        }
        self.looks += 1;
        let own = call.filter(|_| !is_short(call)).map(|call| looks(call.limit(deadline)));
        let over = self.looks > own.unwrap_or(self.limit);
        if over && own.is_none() {
            self.limit = LAST.min(self.limit * 2);
        }
        over
    }
}

/// Whether this is what is waited for shorter than the call itself may take.
fn is_short(call: Option<Call>) -> bool {
    matches!(call, None | Some(Call::Load))
}

/// How many looks fit into this time.
pub(super) fn looks(time: Duration) -> u32 {
    u32::try_from(time.as_millis().div_ceil(TICK.as_millis())).unwrap_or(u32::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use token::writes::LOGIN_LIMIT;

    const DEADLINE: Duration = Duration::from_secs(3);

    /// How many looks it takes until it is over.
    fn looks_at(timeout: &mut LoadTimeout, call: Option<Call>) -> u32 {
        (1..).find(|_| timeout.is_over(call, DEADLINE)).unwrap()
    }

    #[test]
    fn each_start_that_hangs_is_waited_for_twice_as_long_up_to_half_a_minute() {
        for call in [None, Some(Call::Load)] {
            let mut timeout = LoadTimeout::default();
            let waited: Vec<u32> = (0..6)
                .map(|_| {
                    timeout.started();
                    looks_at(&mut timeout, call)
                })
                .collect();
            assert_eq!(waited, [5, 9, 17, 33, 61, 61]);
        }
    }

    #[test]
    fn a_module_that_took_long_may_take_three_times_as_long_the_next_time() {
        let mut timeout = LoadTimeout::default();
        timeout.started();
        (0..3).for_each(|_| assert!(!timeout.is_over(Some(Call::Load), DEADLINE)));
        timeout.heard();
        timeout.served();
        timeout.started();
        assert_eq!(looks_at(&mut timeout, Some(Call::Load)), 10);
        timeout.started();
        timeout.heard();
        timeout.served();
        timeout.started();
        assert_eq!(looks_at(&mut timeout, Some(Call::Load)), FIRST + 1);
    }

    #[test]
    fn a_login_or_a_session_is_waited_for_as_long_as_it_may_take_from_when_it_is_seen() {
        let mut timeout = LoadTimeout::default();
        (0..FIRST).for_each(|_| assert!(!timeout.is_over(Some(Call::Load), DEADLINE)));
        assert_eq!(looks_at(&mut timeout, Some(Call::Session)), looks(DEADLINE) + 1);
        assert_eq!(looks_at(&mut timeout, Some(Call::Login)), looks(LOGIN_LIMIT) + 1);
        // What a login takes says nothing of how long the next start may.
        timeout.heard();
        timeout.served();
        timeout.started();
        assert_eq!(looks_at(&mut timeout, None), FIRST * MARGIN + 1);
    }
}
