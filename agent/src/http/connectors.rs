//! `GET /v1/connectors` and `/v1/connectors/{connector}`: what there is and whether it signs, as far as the peer may see.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use hsm_config::{Connector as Config, Name};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::path::Path;
use super::readiness::ReadinessReason;
use crate::connectors::Standing;
use crate::front::{Front, outlook};
use crate::lifecycle::KeyState;
use crate::peer::Peer;
use crate::policy::Refusal;
use crate::problem::Problem;
use crate::readiness::Dates;

/// A connector.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Connector {
    /// Its name.
    pub name: String,
    /// The region it serves.
    pub region: String,
    /// PS256, RS256 or ES256.
    pub algorithm: String,
    /// The longest lifetime of its assertions, in seconds.
    pub lifetime_s: u64,
    /// How many (tenant, client id) pairs it serves.
    pub tenants: usize,
    /// Why it is frozen; absent when it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<String>,
    /// Whether it signs now.
    pub ready: bool,
    /// Whether a sign-in can succeed now: it signs, by a key of which nothing blocks or fails.
    #[serde(default)]
    pub serves: bool,
    /// Its keys, one for each of its tokens.
    pub keys: Vec<KeyStanding>,
}

/// A connector's key on one token.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct KeyStanding {
    /// The token's name.
    pub token: String,
    /// How far the key got; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<KeyState>,
    /// "asserted" or "software"; absent while the token is away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<String>,
    /// SHA-256 of the SubjectPublicKeyInfo, hex: the pin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spki_sha256: Option<String>,
    /// SHA-256 of the certificate, hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_sha256: Option<String>,
    /// The codes of the requirements that it fails and signs with all the same, by the configuration's exceptions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<String>,
    /// From when its certificate is good, RFC 3339; absent while that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// Until when its certificate is good, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<String>,
    /// Why it does not sign now; absent when it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inactive: Option<String>,
    /// All that blocks, fails or is to be noted, what weighs most first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<ReadinessReason>,
}

/// List the connectors that you may see.
#[utoipa::path(
    get, path = "/v1/connectors", tag = "services",
    responses((status = 200, description = "In the order of their names", body = Vec<Connector>))
)]
pub(super) async fn list(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
) -> Json<Vec<Connector>> {
    let rules = front.policy();
    let seen = rules.connectors().filter(|(name, _)| rules.shows(&peer, name));
    Json(seen.map(|(name, connector)| describe(&front, (name, connector))).collect())
}

/// Show one connector.
#[utoipa::path(
    get, path = "/v1/connectors/{connector}", tag = "services",
    params(("connector" = String, Path, description = "The connector's name")),
    responses(
        (status = 200, description = "The connector", body = Connector),
        (status = 403, description = "Not granted", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn one(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(connector): Path<String>,
) -> Result<Json<Connector>, Problem> {
    let name = front.visible(&peer, &connector)?;
    let rules = front.policy();
    let connector = rules.connector(&name).ok_or(Refusal::Connector)?;
    Ok(Json(describe(&front, (&name, connector))))
}

fn describe(front: &Front, (name, connector): (&Name, &Config)) -> Connector {
    let keys: Vec<_> =
        connector.tokens.iter().map(|token| standing(front, (name, connector), token)).collect();
    let frozen = outlook::frozen(front, name);
    Connector {
        name: name.to_string(),
        region: connector.region.clone(),
        algorithm: connector.algorithm.to_string(),
        lifetime_s: connector.lifetime.as_secs(),
        tenants: front.policy().tenants_of(name),
        ready: frozen.is_none() && keys.iter().any(|key| key.inactive.is_none()),
        serves: outlook::serves(front, (name, connector)),
        frozen,
        keys,
    }
}

fn standing(front: &Front, connector: (&Name, &Config), token: &Name) -> KeyStanding {
    let name = connector.0;
    let key = front.with_lifecycle(|lifecycle| lifecycle.current(name.as_str(), token.as_str()).cloned());
    let Standing { key: active, dates } = front.connectors.standing(name, token);
    let excused = active.as_ref().map(|key| key.excused.as_slice()).unwrap_or_default();
    KeyStanding {
        exceptions: excused.iter().map(ToString::to_string).collect(),
        token: token.to_string(),
        state: key.as_ref().map(|key| key.state),
        grade: front.tokens.survey(token).map(|survey| survey.token.grade().to_string()),
        spki_sha256: key.as_ref().and_then(|key| key.spki_sha256).map(|digest| digest.to_string()),
        certificate_sha256: key
            .as_ref()
            .and_then(|key| key.certificate_sha256)
            .map(|digest| digest.to_string()),
        not_before: dates.map(Dates::begins),
        not_after: dates.map(Dates::ends),
        inactive: active.err().map(|why| why.to_string()),
        reasons: ReadinessReason::all(&outlook::key(front, connector, token)),
    }
}
