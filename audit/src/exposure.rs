//! Whom a key opened: which tenants and client ids, how often, first and last, and by which caller.
//!
//! It is the list to call after an incident, so an assertion is on it unless a void names it. Memory is bounded by the
//! number of rows; beyond it there is no answer, rather than half of one.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use serde::Serialize;

use crate::words::{self, Words};
use crate::{Apart, Hit, Text, Used};

/// The most rows: some 150 MiB of memory, with the table that is printed.
pub const MAX_ROWS: usize = 200_000;

/// There are more rows than are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer has more than {MAX_ROWS} rows")]
pub struct TooMany;

/// What was opened, for which application, and who asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Opened {
    /// The tenant.
    #[serde(serialize_with = "words::text")]
    pub tenant: Option<Rc<str>>,
    /// The client id.
    #[serde(serialize_with = "words::text")]
    pub client_id: Option<Rc<str>>,
    /// The caller's uid.
    pub uid: Option<u32>,
    /// The caller's unit.
    #[serde(serialize_with = "words::text")]
    pub unit: Option<Rc<str>>,
}

/// A key that signed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Key {
    /// The connector's name.
    #[serde(serialize_with = "words::text")]
    pub connector: Option<Rc<str>>,
    /// The key's identifier.
    #[serde(serialize_with = "words::text")]
    pub key: Option<Rc<str>>,
    /// The token's name.
    #[serde(serialize_with = "words::text")]
    pub token: Option<Rc<str>>,
}

/// The list, as far as it was counted.
#[derive(Debug, Default)]
pub struct Exposure {
    rows: HashMap<Row, Used>,
    keys: HashMap<[Option<u32>; 3], Used>,
    /// All rows together.
    pub all: Used,
    /// What is in no row.
    pub apart: Apart,
    words: Words,
}

/// What is counted together, in numbers of words: tenant and client id, uid, unit.
type Row = ([Option<u32>; 2], Option<u32>, Option<u32>);

impl Exposure {
    /// Counts an intent.
    pub fn add(&mut self, hit: &Hit<'_>, is_voided: bool) -> Result<(), TooMany> {
        let line = &hit.line;
        if !self.apart.sift(line, is_voided) {
            return Ok(());
        }
        let mut kept = |text: Option<&Text<'_>>| text.map(|text| self.words.keep(text));
        let opened = [&line.tenant, &line.client_id].map(|text| kept(text.as_ref()));
        let unit = kept(line.caller.as_ref().and_then(|caller| caller.unit.as_ref()));
        let key = [&line.connector, &line.key, &line.token].map(|text| kept(text.as_ref()));
        let row = (opened, line.caller.as_ref().map(|caller| caller.uid), unit);
        self.rows.entry(row).or_default().count(line.time);
        self.keys.entry(key).or_default().count(line.time);
        self.all.count(line.time);
        if self.rows.len() + self.keys.len() > MAX_ROWS { Err(TooMany) } else { Ok(()) }
    }

    /// The rows, by tenant.
    pub fn rows(&self) -> BTreeMap<Opened, Used> {
        let text = |number| self.words.text(number);
        let opened = |([tenant, client_id], uid, unit): &Row| Opened {
            tenant: text(*tenant),
            client_id: text(*client_id),
            uid: *uid,
            unit: text(*unit),
        };
        self.rows.iter().map(|(row, used)| (opened(row), *used)).collect()
    }

    /// The keys that signed what is in the rows.
    pub fn keys(&self) -> BTreeMap<Key, Used> {
        let named = |numbers: &[Option<u32>; 3]| numbers.map(|number| self.words.text(number));
        let key = |numbers| {
            let [connector, key, token] = named(numbers);
            Key { connector, key, token }
        };
        self.keys.iter().map(|(numbers, used)| (key(numbers), *used)).collect()
    }

    /// How many tenants are on the list.
    pub fn tenants(&self) -> usize {
        let tenants: HashSet<_> = self.rows.keys().map(|([tenant, _], ..)| tenant).collect();
        tenants.len()
    }
}
