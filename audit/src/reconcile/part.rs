//! What one thread reads of a log: whole bundles, hashed, each within its own indices.
//!
//! A bundle that is missing or torn is counted as the entries that it should have, and never ends the reading: what stands
//! behind it is read as well. What is kept is bounded as it is taken, for all threads together.

use std::collections::HashSet;
use std::ops::Range;

use jiff::Timestamp;
use ledger::{Damage, Entry, Kind};

use super::logs::{Assertion, LONGEST_LIFE, LogRead, Logs, Span, Unreadable, micros};
use super::room::Room;
use crate::bundle::{BUNDLE, Bundle};
use crate::{Caller, Line, Log, Signed};

/// What one thread read.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) logs: Logs,
    /// The index of each assertion.
    pub(super) indices: Vec<u64>,
    /// Intents that a later entry voids.
    pub(super) voided: HashSet<u64>,
    pub(super) lifecycle: Vec<Entry>,
    pub(super) log: LogRead,
}

impl Part {
    pub(super) fn read(log: &Log, bundles: Range<u64>, span: Span, room: &Room) -> Result<Self, Unreadable> {
        let mut part = Self::default();
        for n in bundles {
            let bundle = log.bundle(n, log.root(n));
            let mut whole = 0;
            for (slot, bytes, _) in bundle.entries() {
                part.take(n * BUNDLE + slot, bytes, span, room)?;
                whole += 1;
            }
            part.lacks((log.size() - n * BUNDLE).min(BUNDLE) - whole, bundle);
        }
        Ok(part)
    }

    /// Counts what a bundle lacks: the entries that are not there or not those that were hashed, or what else is wrong with it.
    fn lacks(&mut self, entries: u64, bundle: Bundle) {
        let damage = bundle.damage;
        let Some(Damage { index, what }) = damage.first() else { return };
        let index = index.map_or_else(|| "?".to_owned(), |index| index.to_string());
        self.damaged(entries.max(damage.len() as u64), format!("entry {index}: {what}"));
    }

    fn damaged(&mut self, entries: u64, what: String) {
        self.log.damaged += entries;
        self.log.damage.get_or_insert(what);
    }

    fn take(&mut self, index: u64, bytes: &[u8], span: Span, room: &Room) -> Result<(), Unreadable> {
        let line = match Line::parse(bytes) {
            Ok(line) => line,
            Err(error) => {
                self.damaged(1, format!("entry {index}: {error}"));
                return Ok(());
            }
        };
        let Some(time) = line.time else {
            self.damaged(1, format!("entry {index} has no time"));
            return Ok(());
        };
        self.log.first = self.log.first.into_iter().chain([time]).min();
        self.log.last = self.log.last.into_iter().chain([time]).max();
        match line.kind {
            Kind::Intent => self.intent(index, time, &line, span, room),
            Kind::Void => self.void(index, line.voids, room),
            Kind::Lifecycle => self.lifecycle(bytes, room),
            Kind::Refusal | Kind::Posture | Kind::Probe => Ok(()),
        }
    }

    /// A void counts only behind its intent: an entry cannot take back what comes after it.
    fn void(&mut self, index: u64, named: Option<u64>, room: &Room) -> Result<(), Unreadable> {
        let Some(named) = named.filter(|named| *named < index) else { return Ok(()) };
        if self.voided.insert(named) {
            room.void()?;
        }
        Ok(())
    }

    fn lifecycle(&mut self, bytes: &[u8], room: &Room) -> Result<(), Unreadable> {
        // What names no key says nothing of one.
        if let Some(entry) = serde_json::from_slice::<Entry>(bytes).ok().filter(|entry| entry.key.is_some()) {
            room.lifecycle()?;
            self.lifecycle.push(entry);
        }
        Ok(())
    }

    fn intent(
        &mut self,
        index: u64,
        made: Timestamp,
        line: &Line<'_>,
        span: Span,
        room: &Room,
    ) -> Result<(), Unreadable> {
        let is_assertion = Signed::of(line.message.as_deref()) == Signed::Assertion;
        let (true, Some(tenant), Some(client), Some(key)) =
            (is_assertion, line.tenant.as_deref(), line.client_id.as_deref(), line.key.as_deref())
        else {
            return Ok(());
        };
        let longest = made.as_microsecond() + micros(LONGEST_LIFE);
        let told = line.exp.and_then(|exp| exp.checked_mul(1_000_000));
        let ends = told.unwrap_or(longest).clamp(made.as_microsecond(), longest);
        if !span.may_hold(made.as_microsecond(), ends) {
            return Ok(());
        }
        room.assertion()?;
        let pair = self.logs.pair(tenant, client)?;
        let key = self.logs.keys.number(key)?;
        let caller = line.caller.as_ref().map(|Caller { uid, unit }| (*uid, unit.as_deref().map(Box::from)));
        let caller = self.logs.callers.number(caller.unwrap_or((u32::MAX, None)))?;
        self.indices.push(index);
        self.logs.assertions.push(Assertion { made: made.as_microsecond(), ends, pair, key, caller });
        Ok(())
    }
}
