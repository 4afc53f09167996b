//! The `time` of an entry: RFC 3339 in UTC, always with six digits of fraction.
//!
//! The writer stamps it when it appends. Times need not rise: the order of entries is their index, never their time.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serializer, de::Error};

pub(crate) fn serialize<S: Serializer>(time: &Option<Timestamp>, out: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => out.collect_str(&format_args!("{time:.6}")),
        None => out.serialize_none(),
    }
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    let text: std::borrow::Cow<'_, str> = Deserialize::deserialize(from)?;
    text.parse().map(Some).map_err(|_| D::Error::custom("time is not RFC 3339"))
}
