//! How many connections there may be, in all and for each uid, and what a refused caller has to wait.
//!
//! A uid that keeps being refused, or that no rule names, is answered more and more slowly, up to a second a request, and one that keeps
//! connecting for nothing shuts the door for a moment each time, so that a flood leaves the machine to those who are
//! granted something.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use api::Problem;

/// Refusals that cost a uid nothing, each refilled in [`FORGIVEN_IN`].
const FREE_REFUSALS: f64 = 20.0;
/// The most refusals that are held against a uid: enough for the longest wait, and forgiven soon after a flood.
const MAX_REFUSALS: f64 = FREE_REFUSALS + 10.0;
/// How long until one refusal is forgiven.
const FORGIVEN_IN: Duration = Duration::from_millis(100);
/// The longest that a refused caller waits.
const MAX_PENALTY: Duration = Duration::from_secs(1);
/// Connections that end without an answer and cost a uid nothing, each forgiven in [`BARREN_FORGIVEN_IN`].
const FREE_BARREN: f64 = 100.0;
/// The most of them that are held against a uid: they are forgiven soon after a flood.
const MAX_BARREN: f64 = 125.0;
/// How long until one of them is forgiven.
const BARREN_FORGIVEN_IN: Duration = Duration::from_millis(20);
/// How many more uids are remembered than have connections. Once they are, those without a connection are forgiven all at once: who
/// can be so many users has a new one's right with each anyway, and to look through the table costs no more than to fill it.
const MAX_UIDS: usize = 4096;
/// Which part of all places those may take whom no rule names: one in so many.
const STRANGERS: u32 = 2;

/// Counts connections and refusals by uid.
pub(super) struct Limits {
    total: u32,
    per_uid: u32,
    uids: Mutex<Uids>,
}

#[derive(Default)]
struct Uids {
    open: u32,
    strangers: u32,
    seen: HashMap<u32, Uid>,
    /// How many there were when the table was last looked through.
    kept: usize,
}

struct Uid {
    open: u32,
    refusals: Meter,
    barren: Meter,
}

/// A count that falls by one in `forgiven_in`, and rises to `most`.
struct Meter {
    count: f64,
    most: f64,
    since: Instant,
    forgiven_in: Duration,
}

/// A connection's place; given back when it is dropped.
pub(super) struct Place {
    limits: Arc<Limits>,
    uid: u32,
    suspect: bool,
    stranger: AtomicBool,
    answered: AtomicBool,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    Total,
    Uid,
}

impl Limits {
    pub(super) fn new(total: u32, per_uid: u32) -> Arc<Self> {
        Arc::new(Self { total, per_uid, uids: Mutex::default() })
    }

    /// A place for a new connection of this uid.
    pub(super) fn place(self: &Arc<Self>, uid: u32) -> Result<Place, Full> {
        let (mut uids, now) = (self.uids(), Instant::now());
        if uids.open >= self.total {
            return Err(Full::Total);
        }
        let entry = uids.entry(uid, now);
        if entry.open >= self.per_uid {
            return Err(Full::Uid);
        }
        let suspect = entry.barren.at(now) >= FREE_BARREN;
        entry.open += 1;
        uids.open += 1;
        let [stranger, answered] = [(); 2].map(|()| AtomicBool::new(false));
        Ok(Place { limits: self.clone(), uid, suspect, stranger, answered })
    }

    /// Counts a refusal and says how long its answer has to wait.
    pub(super) fn refused(&self, uid: u32, now: Instant) -> Duration {
        let mut uids = self.uids();
        let entry = uids.entry(uid, now);
        let excess = (entry.refusals.add(now) - FREE_REFUSALS).max(0.0);
        MAX_PENALTY.min(FORGIVEN_IN.mul_f64(excess))
    }

    fn uids(&self) -> std::sync::MutexGuard<'_, Uids> {
        self.uids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Uids {
    fn entry(&mut self, uid: u32, now: Instant) -> &mut Uid {
        if self.seen.len() >= self.kept + MAX_UIDS && !self.seen.contains_key(&uid) {
            self.seen.retain(|_, uid| uid.open > 0);
            self.kept = self.seen.len();
        }
        let meter = |most, forgiven_in| Meter { count: 0.0, most, since: now, forgiven_in };
        self.seen.entry(uid).or_insert_with(|| Uid {
            open: 0,
            refusals: meter(MAX_REFUSALS, FORGIVEN_IN),
            barren: meter(MAX_BARREN, BARREN_FORGIVEN_IN),
        })
    }
}

impl Meter {
    fn at(&self, now: Instant) -> f64 {
        let forgiven =
            now.saturating_duration_since(self.since).as_secs_f64() / self.forgiven_in.as_secs_f64();
        (self.count - forgiven).max(0.0)
    }

    fn add(&mut self, now: Instant) -> f64 {
        (self.count, self.since) = ((self.at(now) + 1.0).min(self.most), now);
        self.count
    }
}

impl Place {
    /// Whether this uid has connected for nothing too often of late.
    pub(super) fn is_suspect(&self) -> bool {
        self.suspect
    }

    /// Whether it may be one of somebody whom no rule names: half of all places are kept for the others.
    pub(super) fn is_a_strangers(&self) -> bool {
        let mut uids = self.limits.uids();
        let free = uids.strangers < self.limits.total / STRANGERS;
        if free && !self.stranger.swap(true, Ordering::Relaxed) {
            uids.strangers += 1;
        }
        free
    }

    /// A request of this connection is answered.
    pub(super) fn answered(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let (mut uids, now) = (self.limits.uids(), Instant::now());
        uids.open -= 1;
        uids.strangers -= u32::from(*self.stranger.get_mut());
        let entry = uids.entry(self.uid, now);
        entry.open = entry.open.saturating_sub(1);
        if !self.answered.load(Ordering::Relaxed) {
            entry.barren.add(now);
        }
    }
}

impl From<Full> for Problem {
    fn from(full: Full) -> Self {
        let detail = "Close connections that you do not need, or try again later.";
        match full {
            Full::Total => {
                Self::unavailable("too-many-connections", "There are too many connections", detail)
            }
            Full::Uid => Self {
                status: 429,
                ..Self::unavailable("too-many-of-yours", "You have too many connections", detail)
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_uid_cannot_take_the_others_places() {
        let limits = Limits::new(3, 2);
        let _held = [limits.place(1), limits.place(1)].map(Result::unwrap);
        assert_eq!(limits.place(1).err(), Some(Full::Uid));
        let other = limits.place(2).unwrap();
        assert_eq!(limits.place(3).err(), Some(Full::Total));
        drop(other);
        assert!(limits.place(3).is_ok());
    }

    #[test]
    fn strangers_leave_half_of_all_places_to_those_whom_a_rule_names() {
        let limits = Limits::new(4, 4);
        let mut strangers: Vec<_> = (0..2).map(|uid| limits.place(uid).unwrap()).collect();
        assert!(strangers.iter().all(Place::is_a_strangers));
        assert!(!limits.place(2).unwrap().is_a_strangers());
        assert!(limits.place(2).is_ok());
        strangers.pop();
        assert!(limits.place(2).unwrap().is_a_strangers());
    }

    #[test]
    fn who_connects_for_nothing_again_and_again_is_suspect_and_nobody_else() {
        let limits = Limits::new(9, 9);
        let suspects = (0..1000).filter(|_| limits.place(1).unwrap().is_suspect()).count();
        assert!((800..=900).contains(&suspects), "{suspects}");
        (0..1000).for_each(|_| limits.place(2).unwrap().answered());
        assert!(!limits.place(2).unwrap().is_suspect());
    }

    #[test]
    fn users_without_number_neither_grow_the_table_nor_cost_more_than_their_turn() {
        let (limits, now) = (Limits::new(9, 9), Instant::now());
        let held = limits.place(1).unwrap();
        let mut looked_through = 0;
        for uid in 10..200_000 {
            let kept = limits.uids().seen.len();
            limits.refused(uid, now);
            looked_through += usize::from(limits.uids().seen.len() < kept);
            assert!(limits.uids().seen.len() <= 1 + MAX_UIDS);
        }
        assert!(looked_through <= 200_000 / MAX_UIDS, "{looked_through}");
        assert_eq!(limits.uids().seen[&1].open, 1, "who has a connection is not forgotten");
        drop(held);
    }

    #[test]
    fn refusals_slow_a_uid_down_and_are_forgiven() {
        let (limits, start) = (Limits::new(1, 1), Instant::now());
        assert!((0..20).all(|_| limits.refused(1, start).is_zero()));
        assert_eq!(limits.refused(1, start), FORGIVEN_IN);
        assert!((0..100).map(|_| limits.refused(1, start)).all(|wait| wait <= MAX_PENALTY));
        assert!(limits.refused(2, start).is_zero());
        assert!(limits.refused(1, start + Duration::from_secs(60)).is_zero());
    }
}
