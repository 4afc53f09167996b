//! Which intents are voided: an intent counts as a signature unless a later void names it.
//!
//! A void takes a signature off the list, so it counts only out of a bundle that is whole and has the root that the log's
//! tiles have for it; one that an index names is read and hashed first. It costs 24 bytes of memory for each void.

use ledger::{Damage, Kind};

use crate::bundle::BUNDLE;
use crate::log::{BUNDLES, Log, Place, STRETCH};
use crate::{Index, Line};

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
        let root = self.log.root(n);
        let bundle = self.log.bundle(n, root);
        // Leaf hashes beside the entries prove little: who rewrites an entry into a void can write them, too.
        let is_tail = n >= self.log.stretches() * BUNDLES;
        if bundle.damage.is_empty() && (root.is_some() || is_tail) {
            let voids = bundle.entries().filter_map(|(slot, bytes, _)| {
                Some(Void { named: named_by(bytes)?, index: n * BUNDLE + slot, begins: None })
            });
            self.all.extend(voids);
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
        let is_whole = bundle.damage.is_empty();
        self.damage.extend(bundle.damage);
        is_so && is_whole
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
