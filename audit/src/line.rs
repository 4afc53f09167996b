//! What an answer needs of an entry, read without copying: a question looks at millions of them.
//!
//! It takes what [`ledger::Entry`] takes and reads it alike, but for the fields that no answer uses: those it passes over.

use std::borrow::Cow;
use std::ops::Deref;

use jiff::Timestamp;
use ledger::Kind;
use quoted::Quoted;
use serde::{Deserialize, Deserializer, de::Error};

/// The only version of the entry format.
const VERSION: u8 = 1;

/// An entry's text: a piece of the entry itself, unless an escape stands in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(transparent)]
pub struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// An entry, as far as answers look at it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Line<'a> {
    v: u8,
    /// When it was appended.
    #[serde(default, deserialize_with = "time")]
    pub time: Option<Timestamp>,
    /// What happened.
    pub kind: Kind,
    /// The connector's name.
    #[serde(default, borrow)]
    pub connector: Option<Text<'a>>,
    /// The key's identifier, lower-case hex.
    #[serde(default, borrow)]
    pub key: Option<Text<'a>>,
    /// The token's name.
    #[serde(default, borrow)]
    pub token: Option<Text<'a>>,
    /// Who asked.
    #[serde(default, borrow)]
    pub caller: Option<Caller<'a>>,
    /// The tenant.
    #[serde(default, borrow)]
    pub tenant: Option<Text<'a>>,
    /// The client id.
    #[serde(default, borrow)]
    pub client_id: Option<Text<'a>>,
    /// The assertion's id.
    #[serde(default, borrow)]
    pub jti: Option<Text<'a>>,
    /// When the assertion expires, in seconds since 1970.
    #[serde(default)]
    pub exp: Option<i64>,
    /// In a void: the index of the intent that never left.
    #[serde(default)]
    pub voids: Option<u64>,
    /// What was signed.
    #[serde(default, borrow)]
    pub message: Option<Text<'a>>,
    /// In a lifecycle entry: the state that was reached.
    #[serde(default, borrow)]
    pub state: Option<Text<'a>>,
    /// In a lifecycle entry: SHA-256 of the certificate, lower-case hex.
    #[serde(default, borrow)]
    pub certificate_sha256: Option<Text<'a>>,
}

/// Who asked, in the kernel's words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub struct Caller<'a> {
    /// The peer's uid.
    pub uid: u32,
    /// The peer's systemd unit.
    #[serde(default, borrow)]
    pub unit: Option<Text<'a>>,
}

/// Why bytes are not an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLine {
    /// They are no such JSON object.
    #[error("not an entry: {0}")]
    Json(String),
    /// They are of a format that this version does not know.
    #[error("entry version {0}, and only 1 is known")]
    Version(u8),
}

impl<'a> Line<'a> {
    /// Reads an entry's stored bytes.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BadLine> {
        // serde takes an array, too, and counts its members by their place.
        if !bytes.starts_with(b"{") {
            return Err(BadLine::Json("it is no object".to_owned()));
        }
        // serde repeats what it could not read.
        let line: Self =
            serde_json::from_slice(bytes).map_err(|e| BadLine::Json(Quoted(e.to_string()).to_string()))?;
        if line.v == VERSION { Ok(line) } else { Err(BadLine::Version(line.v)) }
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Text::deserialize(from)?;
    text.parse().map(Some).map_err(|_| D::Error::custom("time is not RFC 3339"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"{"v":1,"time":"2026-11-30T14:00:00.000001Z","kind":"intent","connector":"de","key":"6a","token":"f","caller":{"uid":991,"unit":"iep.service"},"tenant":"contoso.example","client_id":"c","aud":"a","jti":"j","exp":1,"digest":"00","message":"assertion","later":[1]}"#;

    #[test]
    fn what_the_ledger_wrote_is_read_alike_and_without_a_copy() {
        let line = Line::parse(WHOLE.as_bytes()).unwrap();
        let entry: ledger::Entry = serde_json::from_str(WHOLE).unwrap();
        assert_eq!(line.time, entry.time);
        assert_eq!(line.connector.as_deref(), entry.connector.as_deref());
        assert_eq!(line.caller.as_ref().and_then(|caller| caller.unit.as_deref()), Some("iep.service"));
        assert_eq!((line.exp, line.kind), (Some(1), Kind::Intent));
        assert!(matches!(line.tenant, Some(Text(Cow::Borrowed("contoso.example")))));
    }

    #[test]
    fn an_escape_is_read_as_what_it_stands_for() {
        let line = br#"{"v":1,"kind":"intent","tenant":"a\u000ab"}"#;
        assert_eq!(Line::parse(line).unwrap().tenant.as_deref(), Some("a\nb"));
    }

    #[test]
    fn bytes_that_are_no_entry_are_refused() {
        for bad in [
            r#"[1,"intent"]"#,
            r#"{"kind":"intent"}"#,
            r#"{"v":1}"#,
            r#"{"v":1,"kind":"Intent"}"#,
            r#"{"v":1,"kind":"intent","time":"noon"}"#,
            r#"{"v":1,"kind":"intent","tenant":7}"#,
            r#"{"v":1,"kind":"intent","tenant":"a","tenant":"b"}"#,
            r#"{"v":1,"kind":"intent"}x"#,
            "",
        ] {
            assert!(matches!(Line::parse(bad.as_bytes()), Err(BadLine::Json(_))), "{bad}");
        }
        assert_eq!(Line::parse(br#"{"v":2,"kind":"intent"}"#), Err(BadLine::Version(2)));
    }
}
