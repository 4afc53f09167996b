//! The agent's clock: wall time for claims, and a watch for steps of it.
//!
//! A change of more than 2 s in (CLOCK_REALTIME − CLOCK_BOOTTIME) in either direction stops signing until the offset
//! has been stable for 3 s; the front then records a posture entry and signing resumes. A start behind the last
//! entry, by however little, is held the same way: no boot time reaches across a start, so nothing tells a step from a drift.

use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

/// The largest change of the offset that is no step, in nanoseconds.
const MAX_STEP_NS: i128 = 2_000_000_000;
/// How long the offset must hold still before signing resumes.
const SETTLE: Duration = Duration::from_secs(3);

/// Watches the offset between wall time and boot time.
#[derive(Debug)]
pub struct Clock {
    state: Mutex<State>,
}

#[derive(Debug)]
enum State {
    Steady {
        offset: i128,
    },
    /// Stepped; the offset has been this since then (boot time).
    Stepped {
        offset: i128,
        since: i128,
    },
}

/// One reading of both clocks, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    wall: i128,
    boot: i128,
}

/// The clock moved; nothing is signed until it holds still.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the clock was moved; signing resumes when it has been steady for 3 s")]
pub struct Stepped;

impl Reading {
    /// Both clocks now.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let wall = since.map_or_else(|early| -nanos(early.duration()), nanos);
        let boot = clock_gettime(ClockId::Boottime);
        Self { wall, boot: i128::from(boot.tv_sec) * 1_000_000_000 + i128::from(boot.tv_nsec) }
    }

    fn offset(self) -> i128 {
        self.wall - self.boot
    }

    /// Wall time in seconds since 1970.
    pub fn seconds(self) -> i64 {
        i64::try_from(self.wall.div_euclid(1_000_000_000)).unwrap_or(i64::MAX)
    }
}

fn nanos(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}

impl Clock {
    /// A clock that starts at `now`; held if the ledger's last entry (nanoseconds since 1970) is ahead of it.
    pub fn new(now: Reading, last_entry: Option<i128>) -> Self {
        let behind = last_entry.is_some_and(|last| last > now.wall);
        let state = match behind {
            true => State::Stepped { offset: now.offset(), since: now.boot },
            false => State::Steady { offset: now.offset() },
        };
        Self { state: Mutex::new(state) }
    }

    /// Wall time in seconds since 1970, unless the clock is moving.
    pub fn seconds(&self, now: Reading) -> Result<i64, Stepped> {
        match *self.observe(now) {
            State::Steady { .. } => Ok(now.seconds()),
            State::Stepped { .. } => Err(Stepped),
        }
    }

    /// Whether a step was seen and the offset has held still since, long enough to resume.
    pub fn settled(&self, now: Reading) -> bool {
        match *self.observe(now) {
            State::Stepped { since, .. } => now.boot - since >= nanos(SETTLE),
            State::Steady { .. } => false,
        }
    }

    /// Whether signing is stopped.
    pub fn stepped(&self, now: Reading) -> bool {
        matches!(*self.observe(now), State::Stepped { .. })
    }

    /// Resumes signing, after the posture entry is durable.
    pub fn resume(&self, now: Reading) {
        let mut state = self.observe(now);
        if let State::Stepped { offset, since } = *state
            && now.boot - since >= nanos(SETTLE)
        {
            *state = State::Steady { offset };
        }
    }

    fn observe(&self, now: Reading) -> std::sync::MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (State::Steady { offset } | State::Stepped { offset, .. }) = *state;
        if (now.offset() - offset).abs() > MAX_STEP_NS {
            *state = State::Stepped { offset: now.offset(), since: now.boot };
        } else if let State::Steady { offset } = &mut *state {
            // Slewing by NTP moves the offset slowly and is no step.
            *offset = now.offset();
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i128 = 1_000_000_000;

    fn at(wall: i128, boot: i128) -> Reading {
        Reading { wall: wall * S, boot: boot * S }
    }

    #[test]
    fn a_step_either_way_stops_signing_until_three_steady_seconds_were_recorded() {
        for step in [-3600, 3, 3600] {
            let clock = Clock::new(at(10_000, 100), None);
            assert_eq!(clock.seconds(at(10_001, 101)), Ok(10_001));
            assert_eq!(clock.seconds(at(10_002 + step, 102)), Err(Stepped));
            assert!(!clock.settled(at(10_004 + step, 104)));
            clock.resume(at(10_004 + step, 104));
            assert_eq!(clock.seconds(at(10_004 + step, 104)), Err(Stepped));
            assert!(clock.settled(at(10_005 + step, 105)));
            clock.resume(at(10_005 + step, 105));
            assert_eq!(clock.seconds(at(10_006 + step, 106)), Ok(10_006 + i64::try_from(step).unwrap()));
        }
    }

    #[test]
    fn slow_slewing_is_no_step() {
        let clock = Clock::new(at(10_000, 0), None);
        for second in 1..100 {
            let slewed = Reading { wall: (10_000 + second) * S + second * S / 10, boot: second * S };
            assert!(clock.seconds(slewed).is_ok());
        }
    }

    #[test]
    fn a_start_behind_the_last_entry_is_held() {
        for behind in [1, S, 3600 * S] {
            let clock = Clock::new(at(10_000, 5), Some(10_000 * S + behind));
            assert!(clock.stepped(at(10_000, 5)), "{behind} ns behind");
            assert!(clock.settled(at(10_003, 8)));
        }
        for ahead in [0, S] {
            let clock = Clock::new(at(10_000, 5), Some(10_000 * S - ahead));
            assert!(!clock.stepped(at(10_000, 5)), "{ahead} ns ahead");
        }
    }
}
