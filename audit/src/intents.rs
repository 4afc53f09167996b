//! The intents of a log that match, each with whether it counts as a signature.

use std::collections::BTreeSet;

use ledger::{Damage, Kind};

use crate::{Found, Hit, Index, Log, Query, Reached, Scan, Voids};

/// What came of a question, besides its hits.
#[derive(Debug)]
pub struct Asked {
    /// How far the log was seen.
    pub reached: Reached,
    /// What was found damaged, each once: what is in there is in no count.
    pub damage: BTreeSet<Damage>,
}

/// Gives each intent that matches, in order, and whether a void names it. Whoever is given them may end it by an error.
pub fn intents<E>(
    log: &Log,
    index: Option<&Index>,
    query: &Query,
    mut each: impl FnMut(&Hit<'_>, bool) -> Result<(), E>,
) -> Result<Asked, E> {
    let query = Query { kind: Some(Kind::Intent), ..query.clone() };
    let (mut voids, mut damage, mut ended) = (Voids::of(log, index), BTreeSet::new(), Ok(()));
    let mut scan = Scan::new(log, index, &query);
    while ended.is_ok()
        && scan.step(&mut |found| match found {
            Found::Entry(hit) if ended.is_ok() => {
                let is_voided = voids.names(hit.index);
                ended = each(hit, is_voided);
            }
            Found::Entry(_) => {}
            Found::Damage(one) => {
                damage.insert(one);
            }
        })
    {}
    ended?;
    damage.extend(voids.into_damage());
    Ok(Asked { reached: scan.reached(), damage })
}
