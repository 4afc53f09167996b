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
    /// What each rule that names you grants; an admin's verbs grant no assertion.
    pub rules: Vec<Granted>,
    /// What you may do as an admin, by verb.
    #[schema(format = "code")]
    pub verbs: Vec<String>,
}

/// What one rule grants.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Granted {
    /// Of which connectors you may get assertions.
    #[schema(format = "name")]
    pub connectors: Vec<String>,
    /// The only tenants; absent where it grants all of each connector's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "tenant")]
    pub tenants: Option<Vec<String>>,
    /// The only client ids; absent where it grants all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "client-id")]
    pub client_ids: Option<Vec<String>>,
    /// How often, as in the configuration; absent where there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
}
