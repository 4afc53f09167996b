//! Who the agent takes a peer for, and what its rules grant that peer.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// You, as the kernel tells the agent of you, and what you may get.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct Whoami {
    /// The effective user at the time of connecting.
    pub uid: u32,
    /// The groups, by number.
    pub groups: Vec<u32>,
    /// The systemd unit, directly under system.slice, where the kernel can tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The connectors that a rule grants you assertions of; an admin's verbs grant none.
    pub connectors: Vec<Granted>,
    /// What you may do as an admin, by verb.
    pub verbs: Vec<String>,
}

/// A connector that a rule grants.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Granted {
    /// The connector's name.
    pub connector: String,
    /// The only tenants that a rule grants you there; absent where it grants all of the connector's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenants: Option<Vec<String>>,
    /// The only client ids; absent where it grants all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ids: Option<Vec<String>>,
    /// How often, as in the configuration; absent where there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
}
