//! Freeze, thaw and reload: an admin's verbs on a running agent.

use std::sync::Arc;

use api::{Frozen, MAX_REASON, Problem, Reason};
use axum::extract::State;
use axum::{Extension, Json};
use hsm_config::{Name, Verb};
use ledger::{Entry, Kind};

use super::body::Json as Parsed;
use super::path::Path;
use crate::front::{Front, frozen::retry_record};
use crate::ipc::peer::Peer;
use crate::records::journal;
use crate::spine::policy::AdminGrant;
use crate::spine::run_to_completion::run_to_completion;

/// The most bytes of a character (RFC 3629).
const UTF8_BYTES: usize = 4;
/// The ledger holds each reason whole.
const _: () = assert!(ledger::MAX_REASON_BYTES >= UTF8_BYTES * MAX_REASON);

/// Stop all signatures of a connector, at once. After the answer nothing of it leaves.
#[utoipa::path(
    post, path = api::path::FREEZE, tag = "vendors",
    params(("connector" = String, Path, description = "The connector's name")),
    request_body = Reason,
    responses(
        (status = 200, description = "Frozen; every request in flight was released or voided", body = Frozen),
        (status = 403, description = "Not granted"),
    )
)]
pub(super) async fn freeze(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(connector): Path<String>,
    Parsed(asked): Parsed<Reason>,
) -> Result<Json<Frozen>, Problem> {
    let (name, entry) = flag(&front, &peer, &connector, Verb::Freeze, &asked)?;
    let frozen = run_to_completion(async move {
        let gate = front.gates.gate(&name);
        // Shut and handed to the ledger without a pause in between, as a thaw does, so that both have one order.
        gate.shut();
        front.tokens.rouse();
        front.supervisor.gate(&name, true);
        let (recorded, ()) = tokio::join!(front.record_lifecycle(entry.clone()), gate.drained());
        if recorded.is_err() {
            retry_record(front.clone(), name.clone(), entry);
        }
        let log_index = recorded.ok();
        Ok(Frozen { connector: name.to_string(), frozen: true, durable: log_index.is_some(), log_index })
    });
    Ok(Json(frozen.await?))
}

/// Let a frozen connector sign again.
#[utoipa::path(
    post, path = api::path::THAW, tag = "vendors",
    params(("connector" = String, Path, description = "The connector's name")),
    request_body = Reason,
    responses(
        (status = 200, description = "Thawed, unless it was frozen again meanwhile", body = Frozen),
        (status = 403, description = "Not granted"),
        (status = 503, description = "The ledger cannot be written; it stays frozen"),
    )
)]
pub(super) async fn thaw(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
    Path(connector): Path<String>,
    Parsed(asked): Parsed<Reason>,
) -> Result<Json<Frozen>, Problem> {
    let (name, entry) = flag(&front, &peer, &connector, Verb::Thaw, &asked)?;
    let thawed = run_to_completion(async move {
        let gate = front.gates.gate(&name);
        let shut = gate.times_shut();
        let index = front.record_lifecycle(entry).await.map_err(|error| journal::unavailable(&error))?;
        gate.undo(shut);
        front.supervisor.gate(&name, gate.frozen());
        let (connector, frozen) = (name.to_string(), gate.frozen());
        Ok(Frozen { connector, frozen, durable: true, log_index: Some(index) })
    });
    Ok(Json(thawed.await?))
}

/// Read the configuration and the tenants files again.
#[utoipa::path(
    post, path = api::path::RELOAD, tag = "vendors",
    responses(
        (status = 204, description = "The new files are in force"),
        (status = 403, description = "Not granted"),
        (status = 422, description = "The new files are broken; the old ones stay in force"),
    )
)]
pub(super) async fn reload(
    State(front): State<Arc<Front>>,
    Extension(peer): Extension<Arc<Peer>>,
) -> Result<axum::http::StatusCode, Problem> {
    spend(&front, front.admin_grant(&peer, Verb::Reload)?, None).await?;
    front.supervisor.reload().await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

/// A reason that the ledger can hold whole.
pub(super) fn reason(text: &str) -> Result<&str, Problem> {
    match text.chars().count() {
        1..=MAX_REASON => Ok(text),
        _ => {
            let detail = format!("Give 1 to {MAX_REASON} characters.");
            Err(Problem::input("invalid-reason", "The reason is empty or too long", detail))
        }
    }
}

/// Spends a grant for a verb that leaves no signature: it is on record before it is done.
pub(super) async fn spend(front: &Front, grant: AdminGrant, token: Option<&Name>) -> Result<(), Problem> {
    let mut entry = Entry::new(Kind::Posture).reason(grant.verb().as_str()).caller(grant.caller().clone());
    entry.token = token.map(ToString::to_string);
    front.journal.record(entry).await.map(drop).map_err(|error| journal::unavailable(&error))
}

fn flag(
    front: &Front,
    peer: &Peer,
    connector: &str,
    verb: Verb,
    asked: &Reason,
) -> Result<(Name, Entry), Problem> {
    let grant = front.admin_grant(peer, verb)?;
    let name = front.visible(peer, connector)?;
    let state = if verb == Verb::Freeze { "frozen" } else { "thawed" };
    let entry = Entry::new(Kind::Lifecycle).connector(name.as_str()).state(state);
    let entry = entry.reason(reason(&asked.reason)?).caller(grant.caller().clone());
    Ok((name, entry))
}
