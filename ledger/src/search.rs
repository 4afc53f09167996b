//! Finds entries by what they say.
//!
//! A search reads the log from its first entry: it is an operator's or auditor's question, not a service's. All given
//! fields must match.

use jiff::Timestamp;

use crate::{Entry, Error, Kind, Reader, text};

/// What to look for; a field that is not given matches every entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// The connector.
    pub connector: Option<String>,
    /// The tenant.
    pub tenant: Option<String>,
    /// The client id.
    pub client_id: Option<String>,
    /// The assertion's id.
    pub jti: Option<String>,
    /// The kind.
    pub kind: Option<Kind>,
    /// Not before this time.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    /// The key's CKA_ID, lower-case hex.
    pub key: Option<String>,
    /// The caller's uid.
    pub uid: Option<u32>,
}

impl Query {
    /// Whether the entry says all of it.
    pub fn matches(&self, entry: &Entry) -> bool {
        is_text(&self.connector, &entry.connector)
            && is_text(&self.tenant, &entry.tenant)
            && is_text(&self.client_id, &entry.client_id)
            && is_text(&self.jti, &entry.jti)
            && is_text(&self.key, &entry.key)
            && self.kind.is_none_or(|kind| kind == entry.kind)
            && self.since.is_none_or(|since| entry.time.is_some_and(|time| time >= since))
            && self.until.is_none_or(|until| entry.time.is_some_and(|time| time < until))
            && self.uid.is_none_or(|uid| entry.caller.as_ref().is_some_and(|caller| caller.uid == uid))
    }
}

/// Entries hold texts cut, so a longer wanted text is cut alike.
fn is_text(wanted: &Option<String>, found: &Option<String>) -> bool {
    let Some(wanted) = wanted else { return true };
    found.as_deref() == Some(text::cut(wanted, text::MAX_TEXT_BYTES))
}

/// The matching entries with their indices, oldest first. Damaged entries come as errors between them.
pub fn search(reader: &Reader, query: Query) -> impl Iterator<Item = Result<(u64, Entry), Error>> + '_ {
    reader.entries(0).filter(move |item| match item {
        Ok((_, entry)) => query.matches(entry),
        Err(_) => true,
    })
}
