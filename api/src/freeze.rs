//! A freeze and a thaw of a connector.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest reason, in characters.
pub const MAX_REASON: usize = 128;

/// Why something is done; it stands in the ledger.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// 1 to 128 characters.
    #[schema(format = "reason")]
    pub reason: String,
}

/// A connector's flag after a freeze or a thaw.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Frozen {
    /// The connector's name.
    #[schema(format = "name")]
    pub connector: String,
    /// Whether it is frozen now.
    pub frozen: bool,
    /// Whether the ledger has it. A freeze that the disk refused still holds, and is put on record once the disk takes it.
    pub durable: bool,
    /// The index of the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_index: Option<u64>,
}
