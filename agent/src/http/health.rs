//! `GET /v1/health`: whether the agent answers, and whether all that is configured signs. Anyone who can connect may ask.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use token::control::HostState;
use utoipa::ToSchema;

use crate::clock::Reading;
use crate::front::Front;

/// The agent's health.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// "ok" when every token serves and the clock is steady, else "degraded".
    pub status: String,
    /// True where the configuration allows soft tokens: a trial, never production.
    pub software: bool,
    /// The agent's version.
    pub version: String,
}

/// Ask whether the agent is well.
#[utoipa::path(get, path = "/v1/health", tag = "services", responses((status = 200, description = "It answers", body = Health)))]
pub(super) async fn read(State(front): State<Arc<Front>>) -> Json<Health> {
    let serving = |token| matches!(front.tokens.host(token), Some(HostState::Ready { .. }));
    let well = front.tokens.names().all(serving) && !front.clock.stepped(Reading::now());
    Json(Health {
        status: if well { "ok" } else { "degraded" }.to_owned(),
        software: front.agent.allow_software_tokens,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}
