//! How much was signed: by day, connector and caller.

use std::collections::{BTreeMap, HashMap};
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
    rows: HashMap<Row, u64>,
    /// What is in no row.
    pub apart: Apart,
    words: Words,
}

/// What is counted together: the day, and in numbers of words the connector, uid and unit.
type Row = (Option<Date>, Option<u32>, Option<u32>, Option<u32>);

impl Stats {
    /// Counts an intent.
    pub fn add(&mut self, hit: &Hit<'_>, is_voided: bool) -> Result<(), TooMany> {
        let line = &hit.line;
        if !self.apart.sift(line, is_voided) {
            return Ok(());
        }
        let (caller, words) = (line.caller.as_ref(), &mut self.words);
        let connector = line.connector.as_deref().map(|name| words.keep(name));
        let unit = caller.and_then(|caller| caller.unit.as_deref()).map(|unit| words.keep(unit));
        let day = line.time.map(|time| time.to_zoned_datetime(TimeZone::UTC).date());
        *self.rows.entry((day, connector, caller.map(|caller| caller.uid), unit)).or_default() += 1;
        if self.rows.len() > MAX_ROWS { Err(TooMany) } else { Ok(()) }
    }

    /// Assertions that may have left, by day.
    pub fn rows(&self) -> BTreeMap<Group, u64> {
        let text = |number| self.words.text(number);
        let group =
            |(day, connector, uid, unit)| Group { day, connector: text(connector), uid, unit: text(unit) };
        self.rows.iter().map(|(row, count)| (group(*row), *count)).collect()
    }

    /// All rows together.
    pub fn signatures(&self) -> u64 {
        self.rows.values().sum()
    }
}
