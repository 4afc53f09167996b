//! Tenants and client ids: whose door, and as which application.
//!
//! A tenant becomes a path segment of an audience. So it has no character that could begin another segment, and
//! is never one of the names that stand for every tenant at once.

use crate::guid;
use crate::problem::Fault;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The longest tenant, in bytes: a domain name.
pub(crate) const MAX_TENANT_BYTES: usize = 253;
/// The longest client id, in bytes.
pub(crate) const MAX_CLIENT_ID_BYTES: usize = 128;
/// The names by which Microsoft Entra means any tenant.
const NOT_A_TENANT: [&str; 3] = ["common", "organizations", "consumers"];

/// A tenant: a GUID or a domain name, `[A-Za-z0-9.-]{1,253}`.
///
/// ```
/// use hsm_config::TenantId;
/// assert_eq!(TenantId::parse("contoso.example").unwrap().as_str(), "contoso.example");
/// assert!(TenantId::parse("Common").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = TenantId::pattern()))]
pub struct TenantId(String);

impl TenantId {
    /// Reads a tenant; a GUID is kept in lower case.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        if NOT_A_TENANT.iter().any(|name| text.eq_ignore_ascii_case(name)) {
            let help = "name one tenant by its GUID or its domain name";
            return Err(Fault::value(format!("{text:?} stands for every tenant at once"), help));
        }
        // "." and ".." would fold the audience's path away.
        let folds = matches!(text, "." | "..");
        let fits = (1..=MAX_TENANT_BYTES).contains(&text.len());
        if folds || !fits || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b)) {
            let help = "write a GUID or a domain name: 1 to 253 of A-Z, a-z, 0-9, . and -";
            return Err(Fault::value(format!("{} is not a tenant", excerpt(text)), help));
        }
        Ok(Self(guid::canonical(text)))
    }

    /// The regular expression of all tenants, as JSON Schema takes it (ECMA-262).
    pub fn pattern() -> String {
        let all = NOT_A_TENANT.map(in_either_case).join("|");
        format!("^(?!({all}|\\.{{1,2}})$)[A-Za-z0-9.-]{{1,{MAX_TENANT_BYTES}}}$")
    }

    /// The tenant as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An application's id at its tenant: a GUID or a URI, 1 to 128 of `[A-Za-z0-9._~:/-]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = ClientId::pattern()))]
pub struct ClientId(String);

impl ClientId {
    /// Reads a client id; a GUID is kept in lower case.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let fits = (1..=MAX_CLIENT_ID_BYTES).contains(&text.len());
        if !fits || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~:/-".contains(&b)) {
            let help = "write a GUID or a URI: 1 to 128 of A-Z, a-z, 0-9 and ._~:/-";
            return Err(Fault::value(format!("{} is not a client id", excerpt(text)), help));
        }
        Ok(Self(guid::canonical(text)))
    }

    /// The regular expression of all client ids, as JSON Schema takes it.
    pub fn pattern() -> String {
        format!("^[A-Za-z0-9._~:/-]{{1,{MAX_CLIENT_ID_BYTES}}}$")
    }

    /// The client id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The regular expression of a word in any mixture of cases.
fn in_either_case(word: &str) -> String {
    word.chars().map(|letter| format!("[{}{letter}]", letter.to_ascii_uppercase())).collect()
}

/// Enough of a refused value to find it by, quoted.
pub(crate) fn excerpt(text: &str) -> String {
    const SHOWN: usize = 40;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

impl TryFrom<String> for TenantId {
    type Error = Fault;

    fn try_from(text: String) -> Result<Self, Fault> {
        Self::parse(&text)
    }
}

impl TryFrom<String> for ClientId {
    type Error = Fault;

    fn try_from(text: String) -> Result<Self, Fault> {
        Self::parse(&text)
    }
}

impl From<TenantId> for String {
    fn from(tenant: TenantId) -> Self {
        tenant.0
    }
}

impl From<ClientId> for String {
    fn from(client_id: ClientId) -> Self {
        client_id.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
