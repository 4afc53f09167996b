//! Counts kinds and checks voids: each names an earlier intent, and no intent is voided twice.
//!
//! It keeps two bits an entry: a million entries are 250 kB.

use super::Report;
use crate::{Entry, Kind};

#[derive(Default)]
pub(super) struct Tally {
    intents: Bits,
    voided: Bits,
}

impl Tally {
    pub(super) fn count(&mut self, index: u64, entry: &Entry, report: &mut Report) {
        match entry.kind {
            Kind::Intent => {
                self.intents.set(index);
                report.intents += 1;
            }
            Kind::Void => {
                report.voids += 1;
                self.void(index, entry.voids, report);
            }
            Kind::Refusal => report.refusals = report.refusals.saturating_add(entry.count.unwrap_or(1)),
            Kind::Lifecycle => report.lifecycle += 1,
            Kind::Posture => report.postures += 1,
            Kind::Probe => report.probes += 1,
        }
    }

    fn void(&mut self, index: u64, voids: Option<u64>, report: &mut Report) {
        match voids {
            None => report.damaged(index, "a void names no intent"),
            Some(named) if named >= index => {
                report.damaged(index, format!("a void names the later entry {named}"))
            }
            Some(named) if !self.intents.has(named) => {
                report.damaged(index, format!("a void names entry {named}, which is no intent"));
            }
            Some(named) if self.voided.has(named) => {
                report.damaged(index, format!("a void names intent {named}, which is voided already"));
            }
            Some(named) => self.voided.set(named),
        }
    }

    pub(super) fn signatures(&self) -> u64 {
        self.intents.count().saturating_sub(self.voided.count())
    }
}

#[derive(Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn set(&mut self, index: u64) {
        let word = (index / 64) as usize;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (index % 64);
    }

    fn has(&self, index: u64) -> bool {
        self.0.get((index / 64) as usize).is_some_and(|word| word & (1 << (index % 64)) != 0)
    }

    fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }
}
