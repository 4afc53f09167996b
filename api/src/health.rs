//! The agent's health, for anyone who asks.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Weight;

/// The agent's health.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// "ok" when nothing that is configured blocks or fails, else "degraded".
    #[schema(format = "code")]
    pub status: String,
    /// True where the configuration allows soft tokens: a trial, never production.
    pub software: bool,
    /// The agent's version.
    pub version: String,
    /// How many connectors are configured.
    #[serde(default)]
    pub connectors: usize,
    /// With how many of them a sign-in can succeed now.
    #[serde(default)]
    pub serving: usize,
    /// What blocks, fails or is to be noted, by code.
    #[serde(default)]
    pub reasons: Vec<HealthReason>,
    /// The log's last signed checkpoint; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<HealthCheckpoint>,
}

/// The log's last signed checkpoint.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HealthCheckpoint {
    /// How many entries it covers.
    pub size: u64,
    /// How many seconds ago it was signed.
    pub age_s: u64,
}

/// A code, and how many it concerns.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct HealthReason {
    /// Stable, kebab-case.
    #[schema(format = "code")]
    pub code: String,
    /// "blocks" (nothing is signed), "fails" (it signs, and no sign-in can succeed) or "notes".
    pub weight: Weight,
    /// How many keys, connectors and tokens it concerns; 1 where it is the agent as a whole.
    pub count: usize,
    /// Those of them that you may see.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// What it is, and what to do, where it concerns the agent as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
