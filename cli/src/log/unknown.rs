//! Whether nothing was found because the log does not have a name at all: then it is told, with those that it has.

use std::collections::BTreeSet;

use audit::{Found, Query, Scan};
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
