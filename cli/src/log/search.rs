//! `kunci log search`: entries by what they say, all of them or the newest.

use std::collections::{BTreeSet, VecDeque};

use ledger::{Entry, Query, Reader};
use quoted::{Plain, Quoted};

use super::page;
use crate::failure::{Exit, Failure};
use crate::print::Printer;

/// How many connectors are named where the one that was asked for is unknown.
const MAX_NAMES: usize = 32;

/// Prints what matches, as it is found; with a limit the newest, once all were looked at.
pub(super) fn run(
    reader: &Reader,
    query: &Query,
    limit: Option<usize>,
    print: &Printer,
) -> Result<Exit, Failure> {
    let (mut found, mut damaged, mut connectors) = (0_u64, false, BTreeSet::new());
    let mut newest = VecDeque::new();
    for item in reader.raw(0) {
        match item.map_err(|error| error.to_string()).and_then(|(index, bytes)| entry(index, bytes)) {
            Ok(one) if query.matches(&one.2) => {
                found += 1;
                newest.push_back(one);
                // Without a limit none is kept back.
                if newest.len() > limit.unwrap_or(0)
                    && let Some(oldest) = newest.pop_front()
                    && limit.is_none()
                {
                    show(&oldest, print)?;
                }
            }
            Ok((_, _, entry)) if connectors.len() < MAX_NAMES => connectors.extend(entry.connector),
            Ok(_) => {}
            Err(what) => {
                damaged = true;
                print.failure(&Failure::finding("log-damaged", what, "`kunci log verify` names all damage."));
            }
        }
    }
    newest.iter().try_for_each(|entry| show(entry, print))?;
    print.finish()?;
    if found == 0 {
        unknown(query, &connectors, print);
    }
    Ok(if found == 0 || damaged { Exit::Finding } else { Exit::Yes })
}

fn show((index, bytes, entry): &(u64, Vec<u8>, Entry), print: &Printer) -> Result<(), Failure> {
    match print.json {
        true => print.json_of_many(bytes)?,
        false => print.line_of_many(&page::entry(*index, entry))?,
    }
    Ok(())
}

/// Says where nothing was found because of a name that the log does not have.
fn unknown(query: &Query, connectors: &BTreeSet<String>, print: &Printer) {
    let Some(wanted) = query.connector.as_ref().filter(|wanted| !connectors.contains(*wanted)) else {
        return;
    };
    let known: Vec<_> = connectors.iter().map(|name| Plain(name).to_string()).collect();
    let (wanted, known, many) = (Quoted(wanted), known.join(", "), known.len());
    let said = match many {
        0 => "The log names no connector.".to_owned(),
        MAX_NAMES => format!("The log may know no connector {wanted}; some that it knows: {known}"),
        _ => format!("The log knows no connector {wanted}. It knows {known}"),
    };
    match print.json {
        true => print.failure(&Failure::finding("unknown-connector", said, "Nothing was found.")),
        false => print.note(&said),
    }
}

pub(crate) fn entry(index: u64, bytes: Vec<u8>) -> Result<(u64, Vec<u8>, Entry), String> {
    // serde repeats what it could not read.
    let damaged =
        |error: serde_json::Error| format!("entry {index} is damaged: {}", Quoted(error.to_string()));
    let parsed = serde_json::from_slice(&bytes).map_err(damaged)?;
    Ok((index, bytes, parsed))
}
