//! What the logs say: every assertion that may have left, in 32 bytes each, and whose keys they were made with.
//!
//! Logs of several hosts are one. A log is read by as many threads as there are processors, each a part of it. Intents that
//! a later void names are left out; what cannot be read is counted and named, and the rest is compared.

use std::collections::{BTreeSet, HashSet};
use std::thread;

use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, Serializer};

use super::keys::Keys;
use super::names::{Name, Names, Number, TooMany};
use super::part::Part;
use super::room::Room;
use crate::Log;

/// How long an assertion is taken to live at most, and where its entry does not say: the agent's end after ten minutes.
pub(super) const LONGEST_LIFE: SignedDuration = SignedDuration::from_hours(1);

/// From when to when sign-ins are compared, the second excluded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Not before this time.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
}

/// An assertion that may have left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Assertion {
    /// When it was recorded, in µs since 1970.
    pub(super) made: i64,
    /// When it ends, in µs since 1970.
    pub(super) ends: i64,
    pub(super) pair: Number,
    pub(super) key: Number,
    pub(super) caller: Number,
}

/// A log that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LogRead {
    /// Where.
    pub name: String,
    /// How many entries.
    pub size: u64,
    /// When its first entry was written.
    #[serde(serialize_with = "text")]
    pub first: Option<Timestamp>,
    /// When its last.
    #[serde(serialize_with = "text")]
    pub last: Option<Timestamp>,
    /// How many entries cannot be read.
    pub damaged: u64,
    /// What is wrong with the first of them.
    pub damage: Option<String>,
}

/// Whom the vendor's services are to a tenant: an application there.
pub(super) type Pair = (Number, Number);

/// The logs that were read.
#[derive(Debug, Default)]
pub struct Logs {
    /// Which keys they name.
    pub keys: Keys,
    pub(super) tenants: Names<Name>,
    pub(super) applications: Names<Name>,
    pub(super) pairs: Names<Pair>,
    pub(super) callers: Names<(u32, Option<Box<str>>)>,
    pub(super) assertions: Vec<Assertion>,
    pub(super) read: Vec<LogRead>,
    /// From when to when the logs that know a key go.
    covers: Vec<Option<(Timestamp, Timestamp)>>,
}

/// Why logs cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It holds more than fits.
    #[error("{0}")]
    TooMuch(String),
    /// A thread that read a part of it failed.
    #[error("a part of the log could not be read: a thread failed")]
    Lost,
}

impl From<TooMany> for Unreadable {
    fn from(error: TooMany) -> Self {
        Self::TooMuch(error.to_string())
    }
}

impl Logs {
    /// Reads a log as it is now. Assertions that can explain nothing in the span are left out.
    pub fn read(&mut self, log: &Log, span: Span) -> Result<(), Unreadable> {
        let (size, room) = (log.size(), Room::beside(self.assertions.len()));
        let threads = thread::available_parallelism().map_or(1, |count| count.get() as u64);
        let share = log.bundles().div_ceil(threads).max(1);
        let parts: Vec<_> = thread::scope(|scope| {
            let reads: Vec<_> = (0..log.bundles().div_ceil(share))
                .map(|part| {
                    let bundles = part * share..((part + 1) * share).min(log.bundles());
                    let room = &room;
                    scope.spawn(move || Part::read(log, bundles, span, room))
                })
                .collect();
            reads.into_iter().map(|read| read.join().unwrap_or(Err(Unreadable::Lost))).collect()
        });
        let parts = parts.into_iter().collect::<Result<Vec<_>, _>>()?;
        self.absorb(LogRead { name: log.name().to_owned(), size, ..LogRead::default() }, parts)
    }

    /// Puts the parts of one log, in their order, to what is known.
    fn absorb(&mut self, mut log: LogRead, parts: Vec<Part>) -> Result<(), Unreadable> {
        let voided: HashSet<u64> = parts.iter().flat_map(|part| part.voided.iter().copied()).collect();
        let mut known = BTreeSet::new();
        for part in parts {
            for entry in &part.lifecycle {
                self.keys.apply(entry)?;
                if let Some(key) = &entry.key {
                    known.insert(self.keys.number(key)?);
                }
            }
            let numbers = self.numbers(&part.logs)?;
            for (index, one) in part.indices.iter().zip(&part.logs.assertions) {
                if voided.contains(index) {
                    continue;
                }
                let key = numbers.keys[one.key as usize];
                known.insert(key);
                let (pair, caller) = (numbers.pairs[one.pair as usize], numbers.callers[one.caller as usize]);
                self.assertions.push(Assertion { pair, key, caller, ..*one });
            }
            log.first = log.first.into_iter().chain(part.log.first).min();
            log.last = log.last.into_iter().chain(part.log.last).max();
            log.damaged += part.log.damaged;
            log.damage = log.damage.or(part.log.damage);
        }
        self.cover(&known, &log);
        self.read.push(log);
        Ok(())
    }

    fn cover(&mut self, known: &BTreeSet<Number>, log: &LogRead) {
        let Some((first, last)) = log.first.zip(log.last) else { return };
        for key in known {
            let at = *key as usize;
            self.covers.resize(self.covers.len().max(at + 1), None);
            let (before, after) = self.covers[at].unwrap_or((first, last));
            self.covers[at] = Some((before.min(first), after.max(last)));
        }
    }

    /// From when to when the logs that know a key go; of no key, all logs.
    pub(super) fn covered(&self, key: Option<Number>) -> Option<(Timestamp, Timestamp)> {
        match key {
            Some(key) => self.covers.get(key as usize).copied().flatten(),
            None => {
                let first = self.read.iter().filter_map(|log| log.first).min();
                first.zip(self.read.iter().filter_map(|log| log.last).max())
            }
        }
    }

    /// A tenant's and an application's pair.
    pub(super) fn pair(&mut self, tenant: &str, application: &str) -> Result<Number, TooMany> {
        let pair = (self.tenants.number(Name::of(tenant))?, self.applications.number(Name::of(application))?);
        self.pairs.number(pair)
    }

    /// What a part's numbers are here.
    fn numbers(&mut self, part: &Logs) -> Result<Numbers, TooMany> {
        let keys = part.keys.all().map(|key| self.keys.number(key)).collect::<Result<_, _>>()?;
        let callers = part.callers.iter().map(|caller| self.callers.number(caller.clone()));
        let callers = callers.collect::<Result<_, _>>()?;
        let pairs = part.pairs.iter().map(|(tenant, application)| {
            let tenant = self.tenants.number(part.tenants.name(*tenant).clone())?;
            let application = self.applications.number(part.applications.name(*application).clone())?;
            self.pairs.number((tenant, application))
        });
        Ok(Numbers { keys, callers, pairs: pairs.collect::<Result<_, _>>()? })
    }
}

struct Numbers {
    keys: Vec<Number>,
    callers: Vec<Number>,
    pairs: Vec<Number>,
}

impl Span {
    /// Whether some time from the first to the last is in it.
    pub(super) fn meets(&self, from: Timestamp, until: Timestamp) -> bool {
        self.since.is_none_or(|since| until >= since) && self.until.is_none_or(|bound| from < bound)
    }

    /// Whether an assertion may explain a sign-in in it, with all tolerance.
    pub(super) fn may_hold(&self, made: i64, ends: i64) -> bool {
        let wide = micros(LONGEST_LIFE);
        self.since.is_none_or(|since| ends + wide >= since.as_microsecond())
            && self.until.is_none_or(|until| made - wide < until.as_microsecond())
    }
}

/// A duration in µs; those here are hours at most.
pub(super) fn micros(duration: SignedDuration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn text<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.collect_str(time),
        None => serializer.serialize_none(),
    }
}
