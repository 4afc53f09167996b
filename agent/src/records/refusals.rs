//! Refusals, counted and written at most once a minute for each counter, never on the caller's time.
//!
//! Whom a rule names is counted by uid, connector and reason. Users whom no rule names share one counter for each reason: one
//! person may have tens of thousands of uids. Counters are few, connectors' names come from the configuration, reasons from
//! the code, and all counters together write so many entries in any minute; what is over waits, and its count goes on.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hsm_config::Name;
use ledger::{Caller, Entry, Kind};

/// How often one counter may be written.
const EVERY: Duration = Duration::from_secs(60);
/// How many entries all counters may write in that time.
const MAX_ENTRIES: usize = 60;
/// How many counters there are for those whom a rule names; beyond them, they share one for each reason, too.
const MAX_COUNTERS: usize = 256;

/// The counters.
#[derive(Default)]
pub struct Refusals(Mutex<Counters>);

#[derive(Default)]
struct Counters {
    counters: HashMap<Key, Counter>,
    /// When entries were taken to be written, within the last minute.
    taken: VecDeque<Instant>,
}

/// What is counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    who: Who,
    connector: Option<Name>,
    reason: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Who {
    Uid(u32),
    /// Users whom no rule names.
    Unnamed,
    /// More users whom a rule names than are counted apart.
    Several,
}

struct Counter {
    /// Whoever was counted since the last entry, as long as it was one user.
    caller: Option<Caller>,
    pending: u64,
    /// When the first was counted that is not written.
    since: Instant,
    written: Option<Instant>,
}

impl Refusals {
    /// Counts one refusal of somebody whom a rule names. The connector is one of the configuration's, or none.
    pub fn count(&self, caller: Caller, connector: Option<&Name>, reason: &'static str, now: Instant) {
        let mut all = self.all();
        let key = Key { who: Who::Uid(caller.uid), connector: connector.cloned(), reason };
        let key = match all.counters.len() >= MAX_COUNTERS && !all.counters.contains_key(&key) {
            true => Key { who: Who::Several, connector: None, reason },
            false => key,
        };
        all.count(key, Some(caller), 1, now);
    }

    /// Counts one refusal of somebody whom no rule names, whatever it was that they named.
    pub fn count_unnamed(&self, caller: Caller, reason: &'static str, now: Instant) {
        self.all().count(Key { who: Who::Unnamed, connector: None, reason }, Some(caller), 1, now);
    }

    /// The entries that are due now, those that wait longest first, each to be given back by [`Refusals::not_written`] where the
    /// disk refuses it.
    pub fn due(&self, now: Instant) -> Vec<(Key, Entry)> {
        let mut all = self.all();
        all.taken.retain(|at| now.duration_since(*at) < EVERY);
        let room = MAX_ENTRIES.saturating_sub(all.taken.len());
        let due = all.take(room, now, |counter| !counter.is_recent(now));
        all.taken.extend(due.iter().map(|_| now));
        all.counters.retain(|_, counter| counter.pending > 0 || counter.is_recent(now));
        due
    }

    /// All that is pending, at a stop.
    pub fn rest(&self, now: Instant) -> Vec<(Key, Entry)> {
        self.all().take(usize::MAX, now, |_| true)
    }

    /// Takes back what the disk refused: it is due again a minute later.
    pub fn not_written(&self, key: Key, entry: Entry, now: Instant) {
        let mut all = self.all();
        all.count(key.clone(), entry.caller, entry.count.unwrap_or_default(), now);
        if let Some(counter) = all.counters.get_mut(&key) {
            counter.written = Some(now);
        }
    }

    fn all(&self) -> MutexGuard<'_, Counters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counters {
    fn count(&mut self, key: Key, caller: Option<Caller>, times: u64, now: Instant) {
        let new = || Counter { caller: None, pending: 0, since: now, written: None };
        let counter = self.counters.entry(key).or_insert_with(new);
        if counter.pending == 0 {
            (counter.caller, counter.since) = (caller, now);
        } else if counter.caller.as_ref().map(|caller| caller.uid) != caller.map(|caller| caller.uid) {
            counter.caller = None;
        }
        counter.pending += times;
    }

    /// Takes the entries of so many counters at most.
    fn take(&mut self, most: usize, now: Instant, is_due: impl Fn(&Counter) -> bool) -> Vec<(Key, Entry)> {
        let pending = |counter: &Counter| counter.pending > 0 && is_due(counter);
        let mut due: Vec<_> = self.counters.iter_mut().filter(|(_, counter)| pending(counter)).collect();
        due.sort_by_key(|(_, counter)| counter.since);
        let taken = due.into_iter().take(most).map(|(key, counter)| {
            let entry = entry(key, counter);
            (counter.pending, counter.written) = (0, Some(now));
            (key.clone(), entry)
        });
        taken.collect()
    }
}

impl Counter {
    fn is_recent(&self, now: Instant) -> bool {
        self.written.is_some_and(|at| now.duration_since(at) < EVERY)
    }
}

fn entry(key: &Key, counter: &Counter) -> Entry {
    let mut entry = Entry::new(Kind::Refusal).reason(key.reason).count(counter.pending);
    entry.caller = counter.caller.clone();
    let entry = match key.who {
        Who::Uid(_) => entry,
        Who::Unnamed => entry.callers("unnamed"),
        Who::Several => entry.callers("several"),
    };
    match &key.connector {
        Some(connector) => entry.connector(connector.as_str()),
        None => entry,
    }
}

#[cfg(test)]
mod tests;
