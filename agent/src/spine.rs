//! The way of one request, read top to bottom.
//!
//! Each step's result is a type that only that step can build, and the last one takes them all. Whatever goes wrong on
//! the way drops the intent, which voids itself; a client that goes away changes nothing, since the way is walked in a
//! task of its own and always to its end.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use ledger::{Entry, Kind};
use token::lane::{Done, Work};

use crate::answer::Answer;
use crate::clock::{Reading, Stepped};
use crate::draft::Draft;
use crate::flight::Flight;
use crate::front::Front;
use crate::journal::{self, Recording};
use crate::peer::Peer;
use crate::problem::Problem;
use crate::request::Request;
use crate::signed::{Signed, WrongSignature};
use crate::tokens::AskError;
use crate::walk::to_the_end;

/// Answers a request for an assertion.
pub async fn assertion(
    front: Arc<Front>,
    peer: Arc<Peer>,
    connector: String,
    body: Bytes,
) -> Result<Answer, Problem> {
    let request = Request::parse(&connector, &body)?;
    let grant = front.decide(&peer, request, Instant::now())?;
    let flight = front.enter(grant.caller(), grant.name())?;
    let active = front.connectors.active(grant.name(), grant.connector())?;
    let now = front.clock.seconds(Reading::now())?;
    let draft = Draft::assertion(&grant, active.key.clone(), active.certificate_sha256, now)?;
    release(front, draft, flight).await
}

/// Records and signs at once, verifies, and releases what is whole.
pub async fn release(front: Arc<Front>, draft: Draft, flight: Flight) -> Result<Answer, Problem> {
    to_the_end(async move {
        let mut recording = record(&front, &draft).await?;
        let signature = sign(&front, &draft).await?;
        // The disk works while the signature is judged.
        recording.hurry();
        let token = draft.key().token.clone();
        let signed = Signed::verify(draft, signature).inspect_err(|wrong| report(&front, &token, wrong))?;
        let intent = recording.durable().await.map_err(|error| journal::unavailable(&error))?;
        Ok(Answer::release(signed, intent, flight)?)
    })
    .await
}

/// Begins the record. It becomes durable while the token signs: at once where nothing else is under way, else with the
/// first intent whose signature is back. Where the disk failed last, nothing reaches a token before the disk works again.
async fn record(front: &Front, draft: &Draft) -> Result<Recording, Problem> {
    let mut recording = front.journal.intend(draft.intent());
    if front.journal.failing() {
        recording.settle().await.map_err(|error| journal::unavailable(&error))?;
    } else if front.gates.aloft() <= 1 {
        recording.hurry();
    }
    Ok(recording)
}

async fn sign(front: &Front, draft: &Draft) -> Result<Vec<u8>, AskError> {
    let key = draft.key();
    let work =
        Work::Sign { connector: key.connector.clone(), key: key.pin, message: draft.message().clone() };
    match front.tokens.ask(&key.token, work).await? {
        Done::Signature(signature) => Ok(signature),
        _ => Err(AskError::Unexpected),
    }
}

fn report(front: &Front, token: &hsm_config::Name, wrong: &WrongSignature) {
    tracing::error!(%token, "{wrong}");
    front.journal.note(Entry::new(Kind::Posture).token(token.as_str()).reason("wrong-signature"));
}

impl From<Stepped> for Problem {
    fn from(stepped: Stepped) -> Self {
        Self::unavailable("clock-step", "The clock was moved", stepped.to_string()).retry_after(3)
    }
}

impl From<token::message::MessageError> for Problem {
    fn from(error: token::message::MessageError) -> Self {
        Self::input("invalid-message", "The message cannot be composed", error.to_string())
    }
}
