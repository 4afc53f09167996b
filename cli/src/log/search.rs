//! `kunci log search`: entries by what they say, all of them or the newest.

use std::collections::VecDeque;

use audit::{Merged, Query};
use ledger::Entry;
use quoted::{Plain, Quoted};

use super::logs::Logs;
use super::{page, unknown};
use crate::failure::{Exit, Failure};
use crate::print::Printer;

/// An entry that matches.
struct Match {
    /// The log's name, where several are asked.
    log: Option<String>,
    index: u64,
    bytes: Vec<u8>,
}

/// Prints what matches, as it is found; with a limit the newest, once all were looked at.
pub(super) fn run(
    logs: &Logs,
    query: &Query,
    limit: Option<usize>,
    print: &Printer,
) -> Result<Exit, Failure> {
    let (mut found, mut is_damaged, mut newest) = (0_u64, false, VecDeque::new());
    for item in Merged::new(&logs.all, logs.index.as_ref(), query) {
        let log = logs.name(item.log);
        match item.found {
            Ok(stored) => {
                found += 1;
                newest.push_back(Match { log, index: stored.index, bytes: stored.bytes });
                // Without a limit none is kept back.
                if newest.len() > limit.unwrap_or(0)
                    && let Some(oldest) = newest.pop_front()
                    && limit.is_none()
                {
                    is_damaged |= !show(&oldest, print)?;
                }
            }
            Err(damage) => {
                is_damaged = true;
                print.failure(&super::damaged(log.as_deref(), &damage));
            }
        }
    }
    for one in &newest {
        is_damaged |= !show(one, print)?;
    }
    print.finish()?;
    if found == 0 {
        unknown::connector(logs, query, print);
    }
    Ok(if found == 0 || is_damaged { Exit::Finding } else { Exit::Yes })
}

/// Prints an entry; gives whether it is one in all of its fields.
fn show(found: &Match, print: &Printer) -> Result<bool, Failure> {
    if print.json {
        print.json_of_many(&found.bytes)?;
        return Ok(true);
    }
    match entry(found.index, &found.bytes) {
        Ok(entry) => {
            let log = found.log.as_ref().map_or_else(String::new, |log| format!("{} ", Plain(log)));
            print.line_of_many(&(log + &page::entry(found.index, &entry)))?;
            Ok(true)
        }
        Err(what) => {
            print.failure(&Failure::finding("log-damaged", what, "`kunci log verify` names all damage."));
            Ok(false)
        }
    }
}

pub(crate) fn entry(index: u64, bytes: &[u8]) -> Result<Entry, String> {
    // serde repeats what it could not read.
    let damaged =
        |error: serde_json::Error| format!("entry {index} is damaged: {}", Quoted(error.to_string()));
    serde_json::from_slice(bytes).map_err(damaged)
}
