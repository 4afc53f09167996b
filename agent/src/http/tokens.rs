//! `GET /v1/tokens` and the verbs on one token: init and unlatch.

use std::sync::Arc;
use std::time::Duration;

use api::{Problem, TokenStatus};
use axum::extract::State;
use axum::{Extension, Json};
use hsm_config::{Name, Verb};
use token::control::HostState;
use token::lane::{Done, Fault, Work};

use super::admin::spend;
use super::path::Path;
use crate::front::{Front, outlook};
use crate::ipc::peer::Peer;
use crate::keys::lifecycle::Key;
use crate::keys::readiness;
use crate::tokens::{AskError, SLOW_DEADLINE, Survey};

/// List the tokens.
#[utoipa::path(
    get, path = api::path::TOKENS, tag = "vendors",
    responses(
        (status = 200, description = "In the order of their names", body = Vec<TokenStatus>),
        (status = 403, description = "Not an admin"),
    )
)]
pub(super) async fn list(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
) -> Result<Json<Vec<TokenStatus>>, Problem> {
    front.admin(&peer)?;
    Ok(Json(front.tokens.names().map(|name| status(&front, name)).collect()))
}

/// Initialise a blank token by its configuration.
#[utoipa::path(
    post, path = api::path::INIT, tag = "vendors",
    params(("token" = String, Path, description = "The token's name")),
    responses(
        (status = 200, description = "The token as it is now", body = TokenStatus),
        (status = 403, description = "Not granted"),
        (status = 409, description = "No blank token, or no SO PIN source, or it is half made"),
    )
)]
pub(super) async fn init(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(token): Path<String>,
) -> Result<Json<TokenStatus>, Problem> {
    let grant = front.admin_grant(&peer, Verb::Init)?;
    let name = known(&front, &token)?;
    spend(&front, grant, Some(&name)).await?;
    has_no_keys(&front, &name)?;
    let (tokens, token) = (front.clone(), name.clone());
    let asked =
        tokio::spawn(async move { tokens.tokens.ask_within(&token, Work::Initialise, SLOW_DEADLINE).await });
    match asked.await.unwrap_or(Err(AskError::Gone)) {
        Ok(Done::Token(token)) => Ok(Json(TokenStatus {
            name: name.to_string(),
            state: "starting".to_owned(),
            label: Some(token.label),
            serial: Some(token.serial),
            model: Some(token.model),
            manufacturer: Some(token.manufacturer),
            ..TokenStatus::default()
        })),
        Ok(_) => Err(front.tokens.told(&name, &AskError::Unexpected)),
        Err(AskError::Fault(fault @ (Fault::Initialise(_) | Fault::PinSource(_)))) => {
            let title = format!("The token {name} was not initialised");
            Err(Problem::conflict("init-refused", title, fault.to_string()))
        }
        Err(AskError::Fault(Fault::Unfinished(why))) => {
            let title = format!("The token {name} has its label and no user's PIN yet");
            let detail = format!(
                "{why}. Once that is mended, run `kunci token init {name}` again: it goes on where it stopped, and destroys \
                 nothing."
            );
            Err(Problem::conflict("init-unfinished", title, detail))
        }
        Err(error) => Err(front.tokens.told(&name, &error)),
    }
}

/// Refuses a second token under a name that has keys: it would not bring them back, and beside the first one, once that is
/// found again, neither could be told from the other.
fn has_no_keys(front: &Front, token: &Name) -> Result<(), Problem> {
    let has_keys = |key: &Key| key.token == token.as_str() && key.pin().is_some();
    if !front.with_lifecycle(|lifecycle| lifecycle.keys().iter().any(has_keys)) {
        return Ok(());
    }
    let title = format!("The log has keys on a token {token} that was there before");
    let detail = "Nothing was changed: another token would not have them. Find out where that one is. If it is lost for good, \
                  configure the new one under a name of its own.";
    Err(Problem::conflict("token-has-keys", title, detail))
}

/// Clear the latch of a token whose PIN was refused.
#[utoipa::path(
    post, path = api::path::UNLATCH, tag = "vendors",
    params(("token" = String, Path, description = "The token's name")),
    responses(
        (status = 204, description = "Cleared; one more try is allowed"),
        (status = 403, description = "Not granted"),
        (status = 409, description = "A login is under way"),
    )
)]
pub(super) async fn unlatch(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(token): Path<String>,
) -> Result<axum::http::StatusCode, Problem> {
    let grant = front.admin_grant(&peer, Verb::Unlatch)?;
    let name = known(&front, &token)?;
    spend(&front, grant, Some(&name)).await?;
    front.supervisor.unlatch(&name).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

pub(super) fn known(front: &Front, token: &str) -> Result<Name, Problem> {
    let missing = || {
        let names: Vec<_> = front.tokens.names().map(Name::as_str).collect();
        Problem::missing(
            "no-such-token",
            "No such token",
            format!("The configuration has: {}.", names.join(", ")),
        )
    };
    let name: Name = token.parse().map_err(|_| missing())?;
    front.tokens.host(&name).map(|_| name).ok_or_else(missing)
}

pub(super) fn status(front: &Front, name: &Name) -> TokenStatus {
    let survey = front.tokens.survey(name);
    let (state, detail) = words(name, front.tokens.host(name));
    let touch = front.tokens.waits_for_touch(name);
    let exceptions = front.tokens.exceptions(name).iter().map(ToString::to_string).collect();
    let (pace, waiting) = front.tokens.pace(name).unwrap_or_default();
    let status = TokenStatus {
        name: name.to_string(),
        state: state.to_owned(),
        // While its host starts again, what the one before it said.
        detail: detail
            .or_else(|| front.tokens.trouble(name))
            .or_else(|| touch.then(|| "touch the key: it waits for that".to_owned())),
        touch,
        exceptions,
        latency_ms: (pace.signed > 0).then(|| milliseconds(pace.service)),
        share: front.tokens.share(name),
        waiting,
        failing: pace.failure,
        reasons: readiness::told(&outlook::token(front, name)),
        ..TokenStatus::default()
    };
    let Some(Survey { token, .. }) = survey else { return status };
    TokenStatus {
        grade: Some(token.grade().to_string()),
        label: Some(token.label),
        serial: Some(token.serial),
        model: Some(token.model),
        manufacturer: Some(token.manufacturer),
        ..status
    }
}

/// To the microsecond.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

fn words(token: &Name, state: Option<HostState>) -> (&'static str, Option<String>) {
    match state {
        None | Some(HostState::Starting) => ("starting", None),
        Some(HostState::Ready { .. }) => ("ready", None),
        Some(HostState::Locked) => ("locked", Some(format!("run `kunci token unlock {token}`"))),
        Some(HostState::Missing(why)) => ("missing", Some(why)),
        Some(HostState::Latched(why)) => ("latched", Some(why)),
        Some(HostState::NoPin(why)) => ("no-pin", Some(why)),
        Some(HostState::Refused(why)) => ("refused", Some(why)),
        Some(HostState::Failed(why)) => ("failed", Some(why)),
    }
}
