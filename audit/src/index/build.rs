//! A stretch's segment, made from its entries: all are read and hashed, and none of them may be damaged.

use jiff::Timestamp;
use ledger::{Hash, Kind, Tree};

use super::head::{Spot, Void};
use super::segment::Draft;
use super::term::Term;
use crate::bundle::BUNDLE;
use crate::log::{BUNDLES, Log, STRETCH, unreadable};
use crate::{Damage, Line};

/// A segment's bytes and the root of the entries that it was made of; else what is damaged.
pub(crate) fn build(log: &Log, k: u64) -> Result<(Hash, Vec<u8>), Vec<Damage>> {
    let mut draft = Draft::default();
    let (mut tree, mut damage) = (Tree::new(), Vec::new());
    for at in 0..BUNDLES {
        let bundle = log.bundle(k * BUNDLES + at, None);
        damage.extend(bundle.damage.iter().cloned());
        for (slot, bytes, begins) in bundle.entries() {
            let number = at * BUNDLE + slot;
            match Line::parse(bytes) {
                Ok(line) => note(&mut draft, &line, number, begins),
                Err(error) => damage.push(unreadable(k * STRETCH + number, &error)),
            }
        }
        bundle.root().into_iter().for_each(|root| tree.push(root));
    }
    let root = tree.root();
    if damage.is_empty() { Ok((root, draft.encode(root))) } else { Err(damage) }
}

fn note(draft: &mut Draft, line: &Line<'_>, number: u64, begins: u32) {
    let spot = Spot { number: number as u16, begins };
    if let Some(time) = line.time.map(Timestamp::as_microsecond) {
        draft.at((number / BUNDLE) as usize, time);
    }
    Term::of_entry(line).for_each(|term| draft.term(term, spot));
    if let (Kind::Void, Some(named)) = (line.kind, line.voids) {
        draft.void(Void { named, spot });
    }
}
