//! Refusals, counted per (uid, connector, reason) and written at most once a minute each, never on the caller's time.
//!
//! A caller that floods us with refused requests costs a counter and one entry a minute. The number of counters is
//! bounded: connectors' names come from the configuration, reasons from the code, and uids beyond the limit are counted
//! together.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hsm_config::Name;
use ledger::{Caller, Entry, Kind};

/// How often one counter may be written.
const EVERY: Duration = Duration::from_secs(60);
/// How many counters are kept.
const MAX_COUNTERS: usize = 1024;

/// The counters.
#[derive(Default)]
pub struct Refusals(Mutex<HashMap<Key, Counter>>);

/// What is counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    uid: Option<u32>,
    connector: Option<Name>,
    reason: &'static str,
}

struct Counter {
    caller: Option<Caller>,
    pending: u64,
    written: Option<Instant>,
}

impl Refusals {
    /// Counts one refusal. The connector is one of the configuration's, or none.
    pub fn count(&self, caller: Caller, connector: Option<&Name>, reason: &'static str) {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = Key { uid: Some(caller.uid), connector: connector.cloned(), reason };
        let mut caller = Some(caller);
        if counters.len() >= MAX_COUNTERS && !counters.contains_key(&key) {
            (key, caller) = (Key { uid: None, connector: None, reason }, None);
        }
        counters.entry(key).or_insert(Counter { caller, pending: 0, written: None }).pending += 1;
    }

    /// The entries that are due now, each to be given back by [`Refusals::not_written`] where the disk refuses it. `all`
    /// takes what is pending whatever its age, at a stop.
    pub fn due(&self, now: Instant, all: bool) -> Vec<(Key, Entry)> {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = |counter: &Counter| counter.written.is_some_and(|at| now.duration_since(at) < EVERY);
        let mut due = Vec::new();
        for (key, counter) in counters.iter_mut() {
            if counter.pending > 0 && (all || !recent(counter)) {
                due.push((key.clone(), entry(key, counter)));
                (counter.pending, counter.written) = (0, Some(now));
            }
        }
        counters.retain(|_, counter| counter.pending > 0 || recent(counter));
        due
    }

    /// Takes back what the disk refused: it is due again a minute later.
    pub fn not_written(&self, key: Key, entry: Entry, now: Instant) {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = Counter { caller: entry.caller, pending: 0, written: Some(now) };
        counters.entry(key).or_insert(new).pending += entry.count.unwrap_or_default();
    }
}

fn entry(key: &Key, counter: &Counter) -> Entry {
    let mut entry = Entry::new(Kind::Refusal).reason(key.reason).count(counter.pending);
    entry.caller = counter.caller.clone();
    match &key.connector {
        Some(connector) => entry.connector(connector.as_str()),
        None => entry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(uid: u32) -> Caller {
        Caller { uid, unit: None }
    }

    #[test]
    fn a_million_refusals_of_one_kind_are_one_entry_a_minute() {
        let (refusals, start) = (Refusals::default(), Instant::now());
        let count = |times: u32| (0..times).for_each(|_| refusals.count(caller(7), None, "rate-exceeded"));
        count(1);
        assert_eq!(refusals.due(start, false)[0].1.count, Some(1));
        count(1_000);
        assert!(refusals.due(start + Duration::from_secs(59), false).is_empty());
        assert_eq!(refusals.due(start + Duration::from_secs(60), false)[0].1.count, Some(1_000));
    }

    #[test]
    fn what_the_disk_refused_is_counted_on_and_written_later() {
        let (refusals, start) = (Refusals::default(), Instant::now());
        (0..3).for_each(|_| refusals.count(caller(7), None, "rate-exceeded"));
        for (key, entry) in refusals.due(start, false) {
            refusals.not_written(key, entry, start);
        }
        refusals.count(caller(7), None, "rate-exceeded");
        assert!(refusals.due(start + Duration::from_secs(59), false).is_empty());
        let due = refusals.due(start + Duration::from_secs(60), false);
        assert_eq!((due.len(), due[0].1.count, due[0].1.caller.clone()), (1, Some(4), Some(caller(7))));
    }

    #[test]
    fn counters_are_bounded_and_lose_no_count() {
        let (refusals, start) = (Refusals::default(), Instant::now());
        (0..5_000).for_each(|uid| refusals.count(caller(uid), None, "connector-not-granted"));
        let due = refusals.due(start, true);
        assert!(due.len() <= MAX_COUNTERS + 1);
        assert_eq!(due.iter().filter_map(|(_, entry)| entry.count).sum::<u64>(), 5_000);
    }
}
