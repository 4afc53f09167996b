//! Voids, as the auditor sees them.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::*;
use ledger::{Entry, Kind, Ledger, Reader, verify};

fn void(index: u64) -> Entry {
    Entry::new(Kind::Void).voids(index)
}

#[test]
fn an_intent_counts_unless_one_later_void_names_it() {
    let dir = folder();
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    let entries = [intent(0), intent(1), void(1), Entry::new(Kind::Refusal).count(40), lifecycle("active")];
    entries.into_iter().for_each(|entry| {
        recorded(&ledger, entry);
    });
    let report = verify(&Reader::open(dir.path()).unwrap(), |_, _| {}).unwrap();
    assert_eq!(report.damage, []);
    assert_eq!((report.intents, report.voids, report.signatures), (2, 1, 1));
    assert_eq!((report.refusals, report.lifecycle), (40, 1));
}

#[test]
fn unlawful_voids_are_named() {
    let dir = folder();
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    let entries = [intent(0), void(0), void(0), void(1), void(4), void(9), Entry::new(Kind::Void)];
    entries.into_iter().for_each(|entry| {
        recorded(&ledger, entry);
    });
    let report = verify(&Reader::open(dir.path()).unwrap(), |_, _| {}).unwrap();
    let named: Vec<_> = report.damage.iter().map(|damage| damage.index.unwrap()).collect();
    assert_eq!(named, [2, 3, 4, 5, 6], "{:?}", report.damage);
    assert_eq!(report.signatures, 0);
}
