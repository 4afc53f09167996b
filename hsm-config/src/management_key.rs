//! The YubiKey's management key: where it is, never what it is.
//!
//! It makes keys and stores certificates, and signs nothing. It comes from the same kinds of source as a PIN, or from
//! the YubiKey itself, where its owner keeps it behind the PIN.

use crate::pin::{PinSource, only};
use crate::problem::Fault;
use schemars::{JsonSchema, Schema, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::path::PathBuf;

const HELP: &str =
    "write { credential = \"NAME\" }, { file = \"/PATH\" }, { prompt = true } or { protected = true }";

/// Where a management key is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "Written")]
pub enum ManagementKey {
    /// In a credential or file, as hexadecimal digits; or an operator types it.
    Source(PinSource),
    /// On the YubiKey, readable after its PIN was given.
    Protected,
}

/// The table that stands in the file.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    protected: Option<bool>,
}

impl ManagementKey {
    /// The source that is read, where there is one.
    pub fn source(&self) -> Option<&PinSource> {
        match self {
            Self::Source(source) => Some(source),
            Self::Protected => None,
        }
    }

    pub(crate) fn check(&self) -> Result<(), Fault> {
        self.source().map_or(Ok(()), PinSource::check)
    }
}

impl TryFrom<Written> for ManagementKey {
    type Error = Fault;

    fn try_from(written: Written) -> Result<Self, Fault> {
        match (written.credential, written.file, written.prompt, written.protected) {
            (Some(name), None, None, None) => Ok(Self::Source(PinSource::Credential(name))),
            (None, Some(path), None, None) => Ok(Self::Source(PinSource::File(path))),
            (None, None, Some(true), None) => Ok(Self::Source(PinSource::Prompt)),
            (None, None, None, Some(true)) => Ok(Self::Protected),
            _ => Err(Fault::value("a management key has exactly one source", HELP)),
        }
    }
}

impl From<ManagementKey> for Written {
    fn from(key: ManagementKey) -> Self {
        let written = Self::default();
        match key {
            ManagementKey::Source(PinSource::Credential(name)) => Self { credential: Some(name), ..written },
            ManagementKey::Source(PinSource::File(path)) => Self { file: Some(path), ..written },
            ManagementKey::Source(PinSource::Prompt) => Self { prompt: Some(true), ..written },
            ManagementKey::Protected => Self { protected: Some(true), ..written },
        }
    }
}

impl<'de> Deserialize<'de> for ManagementKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeyVisitor)
    }
}

/// Reads a source, and meets a key that was written inline without repeating it.
struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = ManagementKey;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<ManagementKey, E> {
        let help = format!("change this key, then {HELP}");
        Err(E::custom(Fault::value("a management key never stands in the configuration", help)))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<ManagementKey, E> {
        self.visit_str("")
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<ManagementKey, E> {
        self.visit_str("")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ManagementKey, A::Error> {
        let written = Written::deserialize(MapAccessDeserializer::new(map))?;
        ManagementKey::try_from(written).map_err(A::Error::custom)
    }
}

impl JsonSchema for ManagementKey {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ManagementKey".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> Schema {
        json_schema!({ "description": "Where a management key is.", "oneOf": [
            only("credential", serde_json::json!({ "type": "string", "pattern": "^[^/]+$" })),
            only("file", serde_json::json!({ "type": "string", "pattern": "^/" })),
            only("prompt", serde_json::json!({ "const": true })),
            only("protected", serde_json::json!({ "const": true })),
        ]})
    }
}
