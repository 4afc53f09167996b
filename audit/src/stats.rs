//! How much was signed: by day, connector and caller.

use std::collections::BTreeMap;
use std::rc::Rc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::exposure::{MAX_ROWS, TooMany};
use crate::words::{self, Words};
use crate::{Apart, Hit};

/// What is counted together. Days are of UTC, as the log's times are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Group {
    /// The day; nothing where an entry has no time.
    #[serde(serialize_with = "words::shown")]
    pub day: Option<Date>,
    /// The connector's name.
    #[serde(serialize_with = "words::text")]
    pub connector: Option<Rc<str>>,
    /// The caller's uid.
    pub uid: Option<u32>,
    /// The caller's unit.
    #[serde(serialize_with = "words::text")]
    pub unit: Option<Rc<str>>,
}

/// The counts.
#[derive(Debug, Default)]
pub struct Stats {
    /// Assertions that may have left.
    pub rows: BTreeMap<Group, u64>,
    /// What is in no row.
    pub apart: Apart,
    words: Words,
}

impl Stats {
    /// Counts an intent.
    pub fn add(&mut self, hit: &Hit<'_>, is_voided: bool) -> Result<(), TooMany> {
        let line = &hit.line;
        if !self.apart.sift(line, is_voided) {
            return Ok(());
        }
        let caller = line.caller.as_ref();
        let group = Group {
            day: line.time.map(|time| time.to_zoned_datetime(TimeZone::UTC).date()),
            connector: line.connector.as_deref().map(|name| self.words.keep(name)),
            uid: caller.map(|caller| caller.uid),
            unit: caller.and_then(|caller| caller.unit.as_deref()).map(|unit| self.words.keep(unit)),
        };
        *self.rows.entry(group).or_default() += 1;
        if self.rows.len() > MAX_ROWS { Err(TooMany) } else { Ok(()) }
    }

    /// All rows together.
    pub fn signatures(&self) -> u64 {
        self.rows.values().sum()
    }
}
