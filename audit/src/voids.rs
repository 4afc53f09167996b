//! Which intents are voided: an intent counts as a signature unless a later void names it.
//!
//! A void takes a signature off the list, so one that an index names is read and hashed before it counts. It costs 24
//! bytes of memory for each void of the log.

use ledger::{Damage, Kind};

use crate::log::{BUNDLES, Log, Place, STRETCH};
use crate::{Index, Line};

/// Entries in a bundle.
const BUNDLE: u64 = BUNDLES;

/// The voids of one log.
#[derive(Debug)]
pub struct Voids<'a> {
    log: &'a Log,
    /// By the index that they name.
    all: Vec<Void>,
    damage: Vec<Damage>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Void {
    named: u64,
    index: u64,
    /// Where its frame begins, as an index says; nothing where the entry itself was read.
    begins: Option<u32>,
}

impl<'a> Voids<'a> {
    /// Gathers the voids of a log: from the index, and where there is none from the entries.
    pub fn of(log: &'a Log, index: Option<&Index>) -> Self {
        let mut voids = Self { log, all: Vec::new(), damage: Vec::new() };
        for k in 0..log.stretches() {
            let segment =
                index.and_then(|index| log.stretch(k).and_then(|stretch| index.segment(&stretch.root)));
            match segment {
                Some(segment) => voids.all.extend(segment.voids().iter().map(|void| Void {
                    named: void.named,
                    index: k * STRETCH + u64::from(void.spot.number),
                    begins: Some(void.spot.begins),
                })),
                None => (k * BUNDLES..(k + 1) * BUNDLES).for_each(|n| voids.read(n)),
            }
        }
        (log.stretches() * BUNDLES..log.bundles()).for_each(|n| voids.read(n));
        voids.all.sort_unstable();
        voids
    }

    fn read(&mut self, n: u64) {
        let bundle = self.log.bundle(n, None);
        for (slot, bytes, _) in bundle.entries() {
            let index = n * BUNDLE + slot;
            if let Some(named) = named_by(bytes) {
                self.all.push(Void { named, index, begins: None });
            }
        }
        self.damage.extend(bundle.damage);
    }

    /// Whether a void names this intent.
    pub fn names(&mut self, intent: u64) -> bool {
        let from = self.all.partition_point(|void| void.named < intent);
        let those = self.all[from..].iter().take_while(|void| void.named == intent);
        let later: Vec<Void> = those.filter(|void| void.index > intent).copied().collect();
        later.into_iter().any(|void| self.is_proven(void))
    }

    fn is_proven(&mut self, void: Void) -> bool {
        let Some(begins) = void.begins else { return true };
        let (n, slot) = (void.index / BUNDLE, void.index % BUNDLE);
        let Some(root) = self.log.root(n) else { return false };
        let place = Place { slot: slot as u8, begins };
        if let Some(entries) = self.log.entries_at(n, &[place], root) {
            return entries.iter().any(|bytes| named_by(bytes) == Some(void.named));
        }
        let bundle = self.log.bundle(n, Some(root));
        let is_so = bundle.entry(slot).is_some_and(|(bytes, _)| named_by(bytes) == Some(void.named));
        self.damage.extend(bundle.damage);
        is_so
    }

    /// What was found damaged on the way. Such a void voids nothing: its intent counts.
    pub fn into_damage(self) -> Vec<Damage> {
        self.damage
    }
}

fn named_by(bytes: &[u8]) -> Option<u64> {
    // Most entries are no voids, and need not be read for that.
    str::from_utf8(bytes).ok().filter(|text| text.contains("\"void\""))?;
    let line = Line::parse(bytes).ok()?;
    line.voids.filter(|_| line.kind == Kind::Void)
}
