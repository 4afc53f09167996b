//! How a root is named to people: where a path ended, and who vouches for it.

use serde::Serialize;

use crate::Sha256;

/// The anchor where a path ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RootName {
    /// Its common name.
    pub name: String,
    /// SHA-256 of its DER.
    pub sha256: Sha256,
    /// Whether the caller gave it: then the words above the device's are whoever's it is, and no maker's that is known here.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub given: bool,
}
