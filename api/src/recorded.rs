//! A configuration held against the keys that the log has: what `kunci-agent compare` prints.

use serde::{Deserialize, Serialize};

use crate::ReadinessReason;

/// What came of the comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// How many of the log's keys were held against the configuration.
    pub keys: usize,
    /// How many were not, since no copy of their certificate can be read.
    pub untold: usize,
    /// False where none of a connector's keys lets a sign-in succeed.
    pub serves: bool,
    /// What was found, key by key.
    pub found: Vec<RecordedKey>,
}

/// What was found of a connector's key on a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedKey {
    /// The connector's name.
    pub connector: String,
    /// The token's name.
    pub token: String,
    /// All that blocks, fails or is to be noted, what weighs most first.
    pub reasons: Vec<ReadinessReason>,
}
