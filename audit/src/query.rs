//! What to look for in a log. All that is given must match.

use jiff::Timestamp;
use ledger::{Kind, MAX_TEXT_BYTES, cut};

use crate::{Line, Text};

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
    /// The key's identifier, lower-case hex.
    pub key: Option<String>,
    /// The caller's uid.
    pub uid: Option<u32>,
}

impl Query {
    /// Whether the entry says all of it.
    pub fn matches(&self, line: &Line<'_>) -> bool {
        is_text(&self.connector, line.connector.as_ref())
            && is_text(&self.tenant, line.tenant.as_ref())
            && is_text(&self.client_id, line.client_id.as_ref())
            && is_text(&self.jti, line.jti.as_ref())
            && is_text(&self.key, line.key.as_ref())
            && self.kind.is_none_or(|kind| kind == line.kind)
            && self.is_timely(line.time)
            && self.uid.is_none_or(|uid| line.caller.as_ref().is_some_and(|caller| caller.uid == uid))
    }

    fn is_timely(&self, time: Option<Timestamp>) -> bool {
        self.since.is_none_or(|since| time.is_some_and(|time| time >= since))
            && self.until.is_none_or(|until| time.is_some_and(|time| time < until))
    }
}

/// Entries hold texts cut, so a longer wanted text is cut alike.
fn is_text(wanted: &Option<String>, found: Option<&Text<'_>>) -> bool {
    let Some(wanted) = wanted else { return true };
    found.is_some_and(|found| **found == *cut(wanted, MAX_TEXT_BYTES))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &[u8] = br#"{"v":1,"time":"2026-11-30T14:00:00.000000Z","kind":"intent","connector":"de","key":"6a","caller":{"uid":2},"tenant":"t","jti":"j"}"#;

    fn matches(query: Query) -> bool {
        query.matches(&Line::parse(ENTRY).unwrap())
    }

    #[test]
    fn all_that_is_given_must_match() {
        assert!(matches(Query::default()));
        let whole = Query {
            connector: Some("de".into()),
            tenant: Some("t".into()),
            jti: Some("j".into()),
            kind: Some(Kind::Intent),
            key: Some("6a".into()),
            uid: Some(2),
            ..Query::default()
        };
        assert!(matches(whole.clone()));
        for other in [
            Query { connector: Some("d".into()), ..whole.clone() },
            Query { tenant: Some("T".into()), ..whole.clone() },
            Query { client_id: Some("c".into()), ..whole.clone() },
            Query { jti: Some("jj".into()), ..whole.clone() },
            Query { kind: Some(Kind::Void), ..whole.clone() },
            Query { key: Some("6b".into()), ..whole.clone() },
            Query { uid: Some(3), ..whole },
        ] {
            assert!(!matches(other.clone()), "{other:?}");
        }
    }

    #[test]
    fn a_time_begins_with_since_and_ends_before_until() {
        let at = |second| format!("2026-11-30T14:00:0{second}Z").parse::<Timestamp>().ok();
        assert!(matches(Query { since: at(0), until: at(1), ..Query::default() }));
        assert!(!matches(Query { until: at(0), ..Query::default() }));
        assert!(!matches(Query { since: at(1), ..Query::default() }));
        let timeless = Line::parse(br#"{"v":1,"kind":"intent"}"#).unwrap();
        assert!(!Query { since: at(0), ..Query::default() }.matches(&timeless));
        assert!(Query::default().matches(&timeless));
    }

    #[test]
    fn a_text_that_is_longer_than_entries_hold_is_found_as_they_hold_it() {
        let long = "t".repeat(253);
        let entry = format!(r#"{{"v":1,"kind":"intent","tenant":"{}"}}"#, "t".repeat(MAX_TEXT_BYTES));
        let query = Query { tenant: Some(long), ..Query::default() };
        assert!(query.matches(&Line::parse(entry.as_bytes()).unwrap()));
    }
}
