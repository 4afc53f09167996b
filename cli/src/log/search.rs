//! `kunci log search`: entries by what they say, all of them or the newest, or as they come.

use std::collections::VecDeque;

use clap::Args;
use ledger::Entry;
use quoted::{Plain, Quoted};

use super::{page, query, stream, unknown};
use crate::failure::{Exit, Failure};
use crate::paths::Paths;
use crate::print::Printer;

/// The most entries that are kept for `--limit`: they are held in memory.
const MAX_LIMIT: i64 = 100_000;

/// What to look for.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    filter: query::Filter,
    /// Only the newest so many
    #[arg(long, value_name = "N", conflicts_with = "follow", value_parser = clap::value_parser!(u32).range(1..=MAX_LIMIT))]
    limit: Option<u32>,
    #[command(flatten)]
    follow: stream::Follow,
}

/// Prints what matches, as it is found; with a limit the newest, once all were looked at.
pub(super) fn run(arguments: &Arguments, paths: &Paths, print: &Printer) -> Result<Exit, Failure> {
    let (logs, query) =
        (arguments.follow.open(&arguments.filter.logs, paths, print)?, arguments.filter.query());
    let limit = arguments.limit.map_or(0, |limit| limit as usize);
    let mut newest = VecDeque::new();
    let told = arguments.follow.stream(&logs, &query, print, &mut |log, index, bytes| {
        if limit == 0 {
            return show(logs.name(log).as_deref(), index, bytes, print);
        }
        newest.push_back((logs.name(log), index, bytes.to_vec()));
        if newest.len() > limit {
            newest.pop_front();
        }
        Ok(None)
    })?;
    let mut is_damaged = told.is_damaged;
    for (log, index, bytes) in newest {
        if let Some(what) = show(log.as_deref(), index, &bytes, print)? {
            is_damaged = true;
            print.failure(&Failure::finding("log-damaged", what, "`kunci log verify` names all damage."));
        }
    }
    print.finish()?;
    if told.found == 0 {
        unknown::connector(&logs, &query, print);
    }
    Ok(if told.found == 0 || is_damaged { Exit::Finding } else { Exit::Yes })
}

/// Prints an entry; gives why it is none, if it is none in all of its fields.
fn show(log: Option<&str>, index: u64, bytes: &[u8], print: &Printer) -> Result<Option<String>, Failure> {
    if print.json {
        print.json_of_many(bytes)?;
        return Ok(None);
    }
    let entry = match entry(index, bytes) {
        Ok(entry) => entry,
        Err(what) => return Ok(Some(what)),
    };
    let log = log.map_or_else(String::new, |log| format!("{} ", Plain(log)));
    print.line_of_many(&(log + &page::entry(index, &entry)))?;
    Ok(None)
}

pub(crate) fn entry(index: u64, bytes: &[u8]) -> Result<Entry, String> {
    // serde repeats what it could not read.
    let damaged =
        |error: serde_json::Error| format!("entry {index} is damaged: {}", Quoted(error.to_string()));
    serde_json::from_slice(bytes).map_err(damaged)
}
