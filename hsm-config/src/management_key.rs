//! The YubiKey's management key: where it is, never what it is.
//!
//! It makes keys and stores certificates, and signs nothing. It comes from the same kinds of source as a PIN, or from
//! the YubiKey itself, where its owner keeps it behind the PIN.

use crate::pin::PinSource;
use crate::problem::Fault;
use crate::secret_source;
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Deserializer, Serialize};
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
        secret_source::read::<Written, _, _>(deserializer, || {
            let help = format!("change this key, then {HELP}");
            Fault::value("a management key never stands in the configuration", help)
        })
    }
}

impl JsonSchema for ManagementKey {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ManagementKey".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> Schema {
        let protected = ("protected", serde_json::json!({ "const": true }));
        let sources = [&secret_source::common()[..], &[protected]].concat();
        secret_source::schema("Where a management key is.", &sources)
    }
}
