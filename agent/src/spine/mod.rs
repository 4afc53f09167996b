//! The way of one request, read top to bottom.
//!
//! Each step's result is a type that only that step can build, and the last one takes them all. Whatever goes wrong on
//! the way drops the intent, which voids itself, unless a signature came back that is not the pinned key's: then it stays.
//! A client that goes away changes nothing, since the way runs to completion in a task of its own.

pub mod answer;
pub mod draft;
pub mod in_flight;
pub mod object;
pub mod policy;
pub mod rate;
pub mod request;
pub mod route;
pub(crate) mod run_to_completion;
pub mod signed;

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::Problem;
use axum::body::Bytes;
use token::lane::{Done, Work};

use crate::front::Front;
use crate::ipc::peer::Peer;
use crate::keys::connectors::ActiveKey;
use crate::records::clock::{Reading, Stepped};
use crate::records::journal::{self, Intent, Recording};
use crate::tokens::{AskError, LanePermit};

use answer::Answer;
use draft::{Draft, NotComposed};
use in_flight::InFlight;
use request::Request;
use route::{Miss, Route};
use run_to_completion::run_to_completion;
use signed::{Signed, WrongSignature};

/// Answers a request for an assertion; where a token fails, with one that is composed anew for another token.
pub async fn assertion(
    front: Arc<Front>,
    peer: Arc<Peer>,
    connector: String,
    body: Bytes,
) -> Result<Answer, Problem> {
    let request = Request::parse(&connector, &body)?;
    let grant = front.decide(&peer, request, Instant::now())?;
    let in_flight = front.enter(grant.caller(), grant.name())?;
    let route = Route::of(&front, grant.name(), grant.connector(), grant.caller())?;
    let compose = move |key: &ActiveKey, now| Draft::assertion(&grant, key.key.clone(), key.thumbprint, now);
    release_on_any(front, route, in_flight, compose).await
}

/// Releases what is composed anew for each token that is asked, until one signs it.
pub async fn release_on_any(
    front: Arc<Front>,
    mut route: Route,
    in_flight: InFlight,
    compose: impl Fn(&ActiveKey, i64) -> Result<Draft, NotComposed> + Send + 'static,
) -> Result<Answer, Problem> {
    run_to_completion(async move {
        loop {
            let (active, permit) = route.next(&front, &in_flight).await?;
            in_flight.open()?;
            let draft = compose(&active, front.clock.seconds(Reading::now())?)?;
            match sign(&front, draft, permit).await {
                Ok((signed, intent)) => return Ok(Answer::release(signed, intent, in_flight)?),
                Err(miss) => route.missed(active, miss)?,
            }
        }
    })
    .await
}

/// Releases what was composed for one key, or says why not, as an admin is told.
pub async fn release(
    front: Arc<Front>,
    draft: Draft,
    permit: LanePermit,
    in_flight: InFlight,
) -> Result<Answer, Problem> {
    run_to_completion(async move {
        let token = draft.key().token.clone();
        let signed = sign(&front, draft, permit).await;
        let (signed, intent) = signed.map_err(|miss| match miss {
            Miss::Token(error) => front.tokens.told(&token, &error),
            Miss::Wrong(wrong) => wrong.into(),
            Miss::Ours(problem) => problem,
        })?;
        Ok(Answer::release(signed, intent, in_flight)?)
    })
    .await
}

/// Records and signs at once, and verifies.
async fn sign(front: &Front, draft: Draft, permit: LanePermit) -> Result<(Signed, Intent), Miss> {
    let mut recording = record(front, &draft).await?;
    let (signature, service) = ask(front, &draft, permit).await?;
    // The disk works while the signature is judged.
    recording.flush();
    let judged = judge(front, draft, signature, service);
    let intent = recording.durable().await.map_err(|error| journal::unavailable(&error))?;
    match judged {
        Ok(signed) => Ok((signed, intent)),
        Err(wrong) => {
            // A signature came back, and it may be good by another key: no void may hide it.
            intent.kept();
            Err(wrong.into())
        }
    }
}

/// Begins the record; what is not even taken reaches no token. It becomes durable while the token signs: at once where nothing else is under way, else with the
/// first intent whose signature is back. Where the disk failed last, nothing reaches a token before the disk works again.
async fn record(front: &Front, draft: &Draft) -> Result<Recording, Problem> {
    let mut recording = front.journal.intend(draft.intent());
    recording.taken().map_err(|error| journal::unavailable(&error))?;
    if front.journal.failing() {
        recording.settle().await.map_err(|error| journal::unavailable(&error))?;
    } else if front.gates.in_flight() <= 1 {
        recording.flush();
    }
    Ok(recording)
}

/// The signature, and how long it took.
async fn ask(front: &Front, draft: &Draft, permit: LanePermit) -> Result<(Vec<u8>, Duration), AskError> {
    let key = draft.key();
    let work =
        Work::Sign { connector: key.connector.clone(), key: key.pin, message: draft.message().clone() };
    match front.tokens.ask_with(permit, work).await? {
        (Done::Signature(signature), service) => Ok((signature, service)),
        _ => Err(AskError::Unexpected),
    }
}

/// Verifies, and lets the outcome count for or against the token.
fn judge(front: &Front, draft: Draft, signature: Vec<u8>, took: Duration) -> Result<Signed, WrongSignature> {
    let token = draft.key().token.clone();
    let judged = Signed::verify(draft, signature);
    match &judged {
        Ok(_) => front.tokens.signed(&token, took),
        Err(wrong) => {
            tracing::error!(%token, "{wrong}");
            front.tokens.mark_suspect(&token, Some(&wrong.to_string()));
            front.journal.record_detached(wrong.posture());
        }
    }
    judged
}

impl From<Stepped> for Problem {
    fn from(stepped: Stepped) -> Self {
        Self::unavailable("clock-step", "The clock was moved", stepped.to_string()).retry_after(3)
    }
}

#[cfg(test)]
mod tests;
