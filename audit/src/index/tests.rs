//! An index that was made to lie: with every check right, and of the right stretch.

use crate::index::head::{Spot, Void};
use crate::index::segment::Draft;
use crate::index::{Index, Term};
use crate::{Found, Line, Log, Query, Scan, Voids};

#[path = "../../tests/common/mod.rs"]
mod common;

use common::{STRETCH, assertion, write};

/// The tenant of one entry, which the index says is elsewhere.
const RARE: &str = "rare.example";
const AT: u64 = 700;

fn entry(index: u64) -> String {
    if index == AT { assertion(index, RARE) } else { assertion(index, "contoso.example") }
}

#[test]
fn an_index_that_lies_adds_no_entry_and_voids_no_intent() {
    let [dir, cache] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    write(dir.path(), STRETCH, entry);
    let (log, index) = (Log::open(dir.path()).unwrap(), Index::open(cache.path()).unwrap());
    let root = log.stretch(0).unwrap().root;
    let rare = Line::parse(br#"{"v":1,"kind":"intent","tenant":"rare.example"}"#)
        .map(|line| Term::of_entry(&line).next());
    let rare = rare.unwrap().unwrap();
    let mut draft = Draft::default();
    // Another entry; the right one, twice; one that is not where it is said to be.
    let bundle = log.bundle(AT / 256, log.root(AT / 256));
    let (_, begins) = bundle.entry(AT % 256).unwrap();
    for (number, begins) in [(3, 0), (AT as u16, begins), (AT as u16, begins), (65_535, u32::MAX)] {
        draft.term(rare, Spot { number, begins });
    }
    // An intent that is said to be the void of another.
    draft.void(Void { named: AT, spot: Spot { number: AT as u16 + 1, begins: 0 } });
    index.keep(&root, &draft.encode(root)).unwrap();

    let (mut found, query) = (Vec::new(), Query { tenant: Some(RARE.into()), ..Query::default() });
    let reached = Scan::new(&log, Some(&index), &query).run(&mut |each| match each {
        Found::Entry(hit) => found.push(hit.index),
        Found::Damage(damage) => panic!("{damage:?}"),
    });
    assert_eq!(found, [AT]);
    assert!(reached.root.is_some(), "the log is whole, whatever the index says");
    assert!(!Voids::of(&log, Some(&index)).names(AT));
}
