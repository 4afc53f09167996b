//! `GET` and `PUT /v1/connectors/{connector}/certificate`: what customers register, and what a CA issued.

use std::sync::Arc;

use api::{Certificate, Install, Problem};
use axum::extract::State;
use axum::{Extension, Json};
use hsm_config::Verb;

use super::body::Json as Parsed;
use super::path::Path;
use crate::front::Front;
use crate::ipc::peer::Peer;
use crate::keys::provision::{self, pem};
use crate::keys::readiness;
use crate::records::clock::Reading;

/// Read the connector's certificate.
#[utoipa::path(
    get, path = api::path::CERTIFICATE, tag = "services",
    params(("connector" = String, Path, description = "The connector's name")),
    responses(
        (status = 200, description = "One for each token that signs", body = Vec<Certificate>),
        (status = 403, description = "Not granted"),
        (status = 503, description = "None is active"),
    )
)]
pub(super) async fn read(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(connector): Path<String>,
) -> Result<Json<Vec<Certificate>>, Problem> {
    let name = front.visible(&peer, &connector)?;
    let rules = front.policy();
    let connector = rules.connector(&name).ok_or(crate::spine::policy::Refusal::Connector)?;
    front.active(&name, connector).map_err(|why| front.tokens.inactive(why))?;
    let active = connector.tokens.iter().filter_map(|token| front.connectors.standing(&name, token).key.ok());
    Ok(Json(active.map(|key| certificate(&key)).collect()))
}

/// Install a certificate that a CA issued for the connector's key.
#[utoipa::path(
    put, path = api::path::CERTIFICATE, tag = "vendors",
    params(("connector" = String, Path, description = "The connector's name")),
    request_body = Install,
    responses(
        (status = 200, description = "Installed", body = Certificate),
        (status = 400, description = "No certificate"),
        (status = 403, description = "Not granted"),
        (status = 409, description = "Its key is not the connector's, it is over, or it has not begun"),
    )
)]
pub(super) async fn install(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(connector): Path<String>,
    Parsed(install): Parsed<Install>,
) -> Result<Json<Certificate>, Problem> {
    let grant = front.admin_grant(&peer, Verb::Certificates)?;
    let name = front.visible(&peer, &connector)?;
    let key = provision::install(front, grant, name, install).await?;
    Ok(Json(certificate(&key)))
}

fn certificate(key: &crate::keys::connectors::ActiveKey) -> Certificate {
    Certificate {
        connector: key.key.connector.to_string(),
        token: key.key.token.to_string(),
        pem: pem::encode("CERTIFICATE", &key.certificate),
        x5t_s256: key.thumbprint.x5t_s256(),
        sha256: key.thumbprint.sha256().to_string(),
        not_before: key.dates.begins(),
        not_after: key.dates.ends(),
        reasons: readiness::told(&key.dates.judge(&key.key.connector, Reading::now().seconds())),
    }
}
