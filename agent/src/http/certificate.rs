//! `GET` and `PUT /v1/connectors/{connector}/certificate`: what customers register, and what a CA issued.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use hsm_config::Verb;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::Json as Parsed;
use super::path::Path;
use super::readiness::ReadinessReason;
use crate::clock::Reading;
use crate::front::Front;
use crate::peer::Peer;
use crate::problem::Problem;
use crate::provision::{self, pem};

/// A connector's certificate on one token.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Certificate {
    /// The connector's name.
    pub connector: String,
    /// The token that holds the key.
    pub token: String,
    /// The certificate, PEM (RFC 7468).
    pub pem: String,
    /// SHA-256 of its DER, base64url: `x5t#S256`.
    pub x5t_s256: String,
    /// SHA-256 of its DER, hex.
    pub sha256: String,
    /// From when it is good, RFC 3339.
    #[serde(default)]
    pub not_before: String,
    /// Until when it is good, RFC 3339.
    #[serde(default)]
    pub not_after: String,
    /// What its dates make of it now: that nobody can sign in with it, or that it ends soon.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<ReadinessReason>,
}

/// A certificate to install.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Install {
    /// The certificate of the connector's key, PEM; the first one in it is taken.
    pub pem: String,
    /// Install it also where it is over or has not begun.
    #[serde(default)]
    pub force: bool,
}

/// Read the connector's certificate.
#[utoipa::path(
    get, path = "/v1/connectors/{connector}/certificate", tag = "services",
    params(("connector" = String, Path, description = "The connector's name")),
    responses(
        (status = 200, description = "One for each token that signs", body = Vec<Certificate>),
        (status = 403, description = "Not granted", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "None is active", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn read(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(connector): Path<String>,
) -> Result<Json<Vec<Certificate>>, Problem> {
    let name = front.visible(&peer, &connector)?;
    let rules = front.policy();
    let connector = rules.connector(&name).ok_or(crate::policy::Refusal::Connector)?;
    front.active(&name, connector).map_err(|why| front.tokens.inactive(why))?;
    let active = connector.tokens.iter().filter_map(|token| front.connectors.standing(&name, token).key.ok());
    Ok(Json(active.map(|key| certificate(&key)).collect()))
}

/// Install a certificate that a CA issued for the connector's key.
#[utoipa::path(
    put, path = "/v1/connectors/{connector}/certificate", tag = "vendors",
    params(("connector" = String, Path, description = "The connector's name")),
    request_body = Install,
    responses(
        (status = 200, description = "Installed", body = Certificate),
        (status = 400, description = "No certificate", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not granted", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Its key is not the connector's, it is over, or it has not begun", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn install(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(connector): Path<String>,
    Parsed(install): Parsed<Install>,
) -> Result<Json<Certificate>, Problem> {
    let warrant = front.warrant(&peer, Verb::Certificates)?;
    let name = front.visible(&peer, &connector)?;
    let key = provision::install(front, warrant, name, install).await?;
    Ok(Json(certificate(&key)))
}

fn certificate(key: &crate::connectors::ActiveKey) -> Certificate {
    Certificate {
        connector: key.key.connector.to_string(),
        token: key.key.token.to_string(),
        pem: pem::encode("CERTIFICATE", &key.certificate),
        x5t_s256: key.thumbprint.x5t_s256(),
        sha256: key.thumbprint.sha256().to_string(),
        not_before: key.dates.begins(),
        not_after: key.dates.ends(),
        reasons: ReadinessReason::all(&key.dates.judge(&key.key.connector, Reading::now().seconds())),
    }
}
