//! A proof of possession, which Microsoft Graph's `addKey` and `removeKey` ask for.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which application's keys are to be rolled, and why.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProofRequest {
    /// The application's object id, a GUID; it stands in the connector's tenants file.
    #[schema(format = "guid")]
    pub object_id: String,
    /// Why; it stands in the ledger.
    #[schema(format = "reason")]
    pub reason: String,
}

/// A proof for `addKey` or `removeKey`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Proof {
    /// The compact JWS.
    #[schema(format = "jws")]
    pub proof: String,
    /// Its expiry, seconds since 1970: ten minutes from now.
    pub expires_at: i64,
    /// The index of its intent in the log.
    pub log_index: u64,
}
