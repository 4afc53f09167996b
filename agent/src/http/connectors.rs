//! `GET /v1/connectors` and `/v1/connectors/{connector}`: what there is and whether it signs, as far as the peer may see.

use std::sync::Arc;

use api::{Connector, KeyStanding, Problem};
use axum::extract::State;
use axum::{Extension, Json};
use hsm_config::{Connector as Config, Name};

use super::path::Path;
use crate::front::{Front, outlook};
use crate::ipc::peer::Peer;
use crate::keys::connectors::Standing;
use crate::keys::readiness::{self, Dates};
use crate::spine::policy::Refusal;

/// List the connectors that you may see.
#[utoipa::path(
    get, path = api::path::CONNECTORS, tag = "services",
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
    get, path = api::path::CONNECTOR, tag = "services",
    params(("connector" = String, Path, description = "The connector's name")),
    responses(
        (status = 200, description = "The connector", body = Connector),
        (status = 403, description = "Not granted"),
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
        reasons: readiness::told(&outlook::key(front, connector, token)),
    }
}
