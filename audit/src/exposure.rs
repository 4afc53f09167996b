//! Whom a key opened: which tenants and client ids, how often, first and last, and by which caller.
//!
//! It is the list to call after an incident, so an assertion is on it unless a void names it. Memory is bounded by the
//! number of rows; beyond it there is no answer, rather than half of one.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde::Serialize;

use crate::words::{self, Words};
use crate::{Apart, Hit, Used};

/// The most rows: some 100 MiB of memory.
pub const MAX_ROWS: usize = 400_000;

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
    /// The rows, by tenant.
    pub rows: BTreeMap<Opened, Used>,
    /// The keys that signed what is in the rows.
    pub keys: BTreeMap<Key, Used>,
    /// All rows together.
    pub all: Used,
    /// What is in no row.
    pub apart: Apart,
    words: Words,
}

impl Exposure {
    /// Counts an intent.
    pub fn add(&mut self, hit: &Hit<'_>, is_voided: bool) -> Result<(), TooMany> {
        let line = &hit.line;
        if !self.apart.sift(line, is_voided) {
            return Ok(());
        }
        let words = &mut self.words;
        let mut kept = |text: Option<&str>| text.map(|text| words.keep(text));
        let opened = Opened {
            tenant: kept(line.tenant.as_deref()),
            client_id: kept(line.client_id.as_deref()),
            uid: line.caller.as_ref().map(|caller| caller.uid),
            unit: kept(line.caller.as_ref().and_then(|caller| caller.unit.as_deref())),
        };
        let key = Key {
            connector: kept(line.connector.as_deref()),
            key: kept(line.key.as_deref()),
            token: kept(line.token.as_deref()),
        };
        self.rows.entry(opened).or_default().count(line.time);
        self.keys.entry(key).or_default().count(line.time);
        self.all.count(line.time);
        if self.rows.len() + self.keys.len() > MAX_ROWS { Err(TooMany) } else { Ok(()) }
    }

    /// How many tenants are on the list.
    pub fn tenants(&self) -> usize {
        let mut tenants: Vec<_> = self.rows.keys().map(|opened| &opened.tenant).collect();
        tenants.dedup();
        tenants.len()
    }
}
