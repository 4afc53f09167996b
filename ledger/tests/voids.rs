//! Voids, as the auditor sees them.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::*;
use ledger::{Caller, Entry, Kind, Ledger, Query, Reader, search, verify};

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

#[test]
fn a_search_finds_what_matches_all_of_it() {
    let dir = folder();
    let (ledger, _) = Ledger::open(dir.path()).unwrap();
    record_all(&ledger, (0..600).map(|n| intent(n).caller(Caller { uid: (n % 3) as u32, unit: None })));
    record_all(&ledger, [lifecycle("frozen"), void(5), intent(600).tenant("t".repeat(253))]);
    let reader = ledger.reader().unwrap();
    let indices = |query| search(&reader, query).map(|item| item.unwrap().0).collect::<Vec<_>>();
    assert_eq!(indices(Query { jti: Some("j599".into()), ..Query::default() }), [599]);
    assert_eq!(indices(Query { kind: Some(Kind::Void), ..Query::default() }), [601]);
    assert_eq!(indices(Query { uid: Some(2), ..Query::default() }).len(), 200);
    assert_eq!(indices(Query { tenant: Some("t".repeat(253)), ..Query::default() }), [602]);
    assert_eq!(indices(Query { connector: Some("uk".into()), ..Query::default() }), [0u64; 0]);
    let now = ledger::Timestamp::now();
    assert_eq!(indices(Query { since: Some(now), ..Query::default() }), [0u64; 0]);
    assert_eq!(indices(Query { until: Some(now), ..Query::default() }).len(), 603);
}
