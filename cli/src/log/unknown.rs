//! Whether nothing was found because the log does not have a name at all: then it is told, with those that it has.

use std::collections::BTreeSet;

use audit::{Found, Query, Scan};
use ledger::Kind;
use quoted::{Plain, Quoted};

use super::logs::Logs;
use crate::failure::Failure;
use crate::print::Printer;

/// How many connectors are named where the one that was asked for is unknown.
const MAX_NAMES: usize = 32;

/// Says so where the connector that was asked for is in none of the logs; gives whether it did.
pub(super) fn connector(logs: &Logs, query: &Query, print: &Printer) -> bool {
    let Some(wanted) = &query.connector else { return false };
    let Some(names) = all_but(logs, wanted) else { return false };
    let known: Vec<_> = names.iter().map(|name| Plain(name).to_string()).collect();
    let (wanted, known, many) = (Quoted(wanted), known.join(", "), known.len());
    let said = match many {
        0 => "The log names no connector.".to_owned(),
        MAX_NAMES => format!("The log knows no connector {wanted}; some that it knows: {known}"),
        _ => format!("The log knows no connector {wanted}. It knows {known}"),
    };
    match print.json {
        true => print.failure(&Failure::finding("unknown-connector", said, "Nothing was found.")),
        false => print.note(&said),
    }
    true
}

/// As [`connector`], and says where no intent is by the key that was asked for.
pub(super) fn signer(logs: &Logs, query: &Query, print: &Printer) -> bool {
    let asked = Query {
        kind: Some(Kind::Intent),
        connector: query.connector.clone(),
        key: query.key.clone(),
        ..Query::default()
    };
    if connector(logs, query, print) {
        return true;
    }
    let Some(key) = query.key.as_ref().filter(|_| !is_there(logs, &asked)) else { return false };
    let said = format!("The log has no signature by key {}", Plain(key));
    let detail = "kunci log search --kind lifecycle shows every key that was made, and its connector.";
    print.failure(&Failure::finding("unknown-key", said, detail));
    true
}

fn is_there(logs: &Logs, query: &Query) -> bool {
    logs.all.iter().any(|log| {
        let (mut scan, mut is_there) = (Scan::new(log, None, query), false);
        while !is_there && scan.step(&mut |found| is_there |= matches!(found, Found::Entry(_))) {}
        is_there
    })
}

/// The connectors that the logs name, if the one that is wanted is none of them.
fn all_but(logs: &Logs, wanted: &str) -> Option<BTreeSet<String>> {
    let (all, mut names, mut is_known) = (Query::default(), BTreeSet::new(), false);
    for log in &logs.all {
        let mut scan = Scan::new(log, None, &all);
        while !is_known
            && scan.step(&mut |found| {
                let Found::Entry(hit) = found else { return };
                let Some(name) = &hit.line.connector else { return };
                is_known |= **name == *wanted;
                if names.len() < MAX_NAMES && !names.contains(&**name) {
                    names.insert(name.to_string());
                }
            })
        {}
    }
    (!is_known).then_some(names)
}
