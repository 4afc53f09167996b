//! How long a module may be silent while it loads or logs in.
//!
//! Short at first: one that hangs never comes back, and service should. Longer each time for one that was killed so, and
//! for one that took long and came back. Longest for a login that could not be tried again. Counted in looks, not in
//! time: a machine that stood still is no module that hangs.

/// How many looks are waited at first: two seconds.
const FIRST: u32 = 4;
/// How many at most: half a minute.
const LAST: u32 = 60;
/// How much longer a module may take than it took the last time.
const MARGIN: u32 = 3;

/// The patience with one token's host.
pub(super) struct Patience {
    limit: u32,
    looks: u32,
    /// The longest silence of this process.
    longest: u32,
    last_try: bool,
}

impl Default for Patience {
    fn default() -> Self {
        Self { limit: FIRST, looks: 0, longest: 0, last_try: false }
    }
}

impl Patience {
    /// A new process begins.
    pub(super) fn started(&mut self) {
        (self.looks, self.longest, self.last_try) = (0, 0, false);
    }

    /// It was told to log in; whether that could be tried again if its outcome were never told.
    pub(super) fn logs_in(&mut self, again: bool) {
        (self.looks, self.last_try) = (0, !again);
    }

    /// It said something.
    pub(super) fn heard(&mut self) {
        self.longest = self.longest.max(self.looks);
        (self.looks, self.last_try) = (0, false);
    }

    /// It serves: what this start took is no hang the next time.
    pub(super) fn served(&mut self) {
        self.limit = (self.longest * MARGIN).clamp(FIRST, LAST);
    }

    /// Another look, and it was busy and silent; whether it hangs.
    pub(super) fn is_over(&mut self) -> bool {
        self.looks += 1;
        let limit = if self.last_try { LAST } else { self.limit };
        let over = self.looks > limit;
        if over {
            self.limit = LAST.min(self.limit * 2);
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many looks it takes until the patience is over.
    fn looks(patience: &mut Patience) -> u32 {
        (1..).find(|_| patience.is_over()).unwrap()
    }

    #[test]
    fn each_hang_is_waited_for_twice_as_long_up_to_half_a_minute() {
        let mut patience = Patience::default();
        let waited: Vec<u32> = (0..6)
            .map(|_| {
                patience.started();
                looks(&mut patience)
            })
            .collect();
        assert_eq!(waited, [5, 9, 17, 33, 61, 61]);
    }

    #[test]
    fn a_module_that_took_long_may_take_three_times_as_long_the_next_time() {
        let mut patience = Patience::default();
        patience.started();
        (0..3).for_each(|_| assert!(!patience.is_over()));
        patience.heard();
        patience.served();
        patience.started();
        assert_eq!(looks(&mut patience), 10);
        patience.started();
        patience.heard();
        patience.served();
        patience.started();
        assert_eq!(looks(&mut patience), FIRST + 1);
    }

    #[test]
    fn a_login_that_could_not_be_tried_again_is_waited_for_the_longest() {
        let mut patience = Patience::default();
        patience.logs_in(false);
        assert_eq!(looks(&mut patience), LAST + 1);
        let mut patience = Patience::default();
        patience.logs_in(true);
        assert_eq!(looks(&mut patience), FIRST + 1);
    }
}
