//! Several logs' entries in one stream, in order of time; those of one log stay in their order.
//!
//! Times in a log may go back. An entry is then as late as the latest before it in its log, so nothing waits and nothing is
//! left out. Memory is one bundle of each log.

use std::collections::VecDeque;

use jiff::Timestamp;
use ledger::Damage;

use crate::{Found, Index, Log, Query, Reached, Scan};

/// An entry, or damage, and the log that it is of, by its place among those that were asked.
#[derive(Debug)]
pub struct Item {
    /// Which log.
    pub log: usize,
    /// What was found there.
    pub found: Result<Stored, Damage>,
    /// As late as the latest entry so far.
    late: Option<Timestamp>,
}

/// An entry's stored bytes.
#[derive(Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its index in its log.
    pub index: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The stream.
#[derive(Debug)]
pub struct Merged<'a>(Vec<Source<'a>>);

#[derive(Debug)]
struct Source<'a> {
    log: usize,
    scan: Scan<'a>,
    ahead: VecDeque<Item>,
    late: Option<Timestamp>,
}

impl<'a> Merged<'a> {
    /// Puts one question to all of them.
    pub fn new(logs: &'a [Log], index: Option<&'a Index>, query: &'a Query) -> Self {
        let source = |(log, of): (usize, &'a Log)| {
            let scan = Scan::new(of, index, query);
            Source { log, scan, ahead: VecDeque::new(), late: None }
        };
        Self(logs.iter().enumerate().map(source).collect())
    }

    /// How far each log was seen, once all of it was.
    pub fn reached(&self) -> impl Iterator<Item = Reached> {
        self.0.iter().map(|source| source.scan.reached())
    }
}

impl Iterator for Merged<'_> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        self.0.iter_mut().for_each(Source::fill);
        let waiting = self.0.iter_mut().filter(|source| !source.ahead.is_empty());
        waiting.min_by_key(|source| source.ahead.front().and_then(|item| item.late))?.ahead.pop_front()
    }
}

impl Source<'_> {
    fn fill(&mut self) {
        let Self { log, scan, ahead, late } = self;
        let mut more = true;
        while more && ahead.is_empty() {
            more = scan.step(&mut |found| {
                let found = match found {
                    Found::Entry(hit) => {
                        *late = (*late).max(hit.line.time);
                        Ok(Stored { index: hit.index, bytes: hit.bytes.to_vec() })
                    }
                    Found::Damage(damage) => Err(damage),
                };
                ahead.push_back(Item { log: *log, found, late: *late });
            });
        }
    }
}
