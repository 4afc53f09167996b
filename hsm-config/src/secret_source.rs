//! The table that says where a secret is, as a PIN's or a management key's; never the secret.
//!
//! One that was written inline is met without repeating it: what is read here can stand in an error, in a log, on a terminal.

use std::fmt;
use std::marker::PhantomData;

use schemars::{Schema, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::problem::Fault;

/// Reads the table `W` of a `T`. `inline` says what to do about a secret in its place.
pub(crate) fn read<'de, W, T, D>(deserializer: D, inline: fn() -> Fault) -> Result<T, D::Error>
where
    W: Deserialize<'de>,
    T: TryFrom<W, Error = Fault>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_any(SourceVisitor { inline, read: PhantomData::<(W, T)> })
}

/// The schema of a secret's source: tables of one field each, by name and what it holds.
pub(crate) fn schema(description: &str, of: &[(&str, serde_json::Value)]) -> Schema {
    let only = |(name, of): &(&str, serde_json::Value)| {
        serde_json::json!({
            "type": "object", "properties": { *name: of }, "required": [name], "additionalProperties": false
        })
    };
    json_schema!({ "description": description, "oneOf": of.iter().map(only).collect::<Vec<_>>() })
}

/// What every secret's source can be: the name of a credential, a file's path, or typed by an operator.
pub(crate) fn common() -> [(&'static str, serde_json::Value); 3] {
    [
        ("credential", serde_json::json!({ "type": "string", "pattern": "^[^/]+$" })),
        ("file", serde_json::json!({ "type": "string", "pattern": "^/" })),
        ("prompt", serde_json::json!({ "const": true })),
    ]
}

struct SourceVisitor<W, T> {
    inline: fn() -> Fault,
    read: PhantomData<(W, T)>,
}

impl<'de, W, T> Visitor<'de> for SourceVisitor<W, T>
where
    W: Deserialize<'de>,
    T: TryFrom<W, Error = Fault>,
{
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<T, E> {
        Err(E::custom((self.inline)()))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<T, E> {
        Err(E::custom((self.inline)()))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<T, E> {
        Err(E::custom((self.inline)()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        let written = W::deserialize(MapAccessDeserializer::new(map))?;
        T::try_from(written).map_err(A::Error::custom)
    }
}
