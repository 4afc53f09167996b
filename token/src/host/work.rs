//! What a lane's question is, done: the connector looked up, the message composed here, and signed by the pinned key.
//!
//! The front names connector, key and fields; algorithm, type of key and label are the configuration's, and the clock by which
//! a message's dates are judged is this process's own. A probe's signature is judged here and goes no further, and no probe is
//! signed for its own sake.

use hsm_config::Algorithm;

use super::ledger;
use super::shared::Shared;
use crate::control::{Use, label};
use crate::lane::{Done, Fault, KeyReport, TokenReport, Work};
use crate::message::{Composed, Message, MessageError, Now, Probe};
use crate::traits::{Attest, Provision, Token};
use crate::{KeyRef, PublicKey, random};

/// Does what a question asks, on a token that is served.
pub(super) fn serve(
    shared: &Shared,
    token: &mut (impl Token + Provision + Attest),
    work: &Work,
) -> Result<Done, Fault> {
    match work {
        Work::Sign { connector, key, message } => {
            sign(shared, token, shared.connector(connector)?, key, message)
        }
        Work::Survey { from } => told(token.survey(count(*from)?)),
        Work::Search { connector, from } => {
            let used = shared.connector(connector)?;
            told(token.search(&used.label(), count(*from)?))
        }
        Work::Identify { connector } => {
            let used = shared.connector(connector)?;
            token.identify(&used.label(), used.key).map(Done::Identifier)
        }
        Work::Attest { connector, key } => {
            token.attestation(key, &shared.connector(connector)?.label()).map(Done::Attestation)
        }
        Work::Generate { connector, id } => {
            let used = shared.connector(connector)?;
            let exceptions = [&used.exceptions[..], &shared.config.token.exceptions].concat();
            token.generate(*id, &used.label(), used.key, &exceptions).map(Done::Generated)
        }
        Work::StoreCertificate { key, certificate, connector } => {
            let used = shared.connector(connector)?;
            token.store_certificate(key, &used.label(), certificate).map(|()| Done::Nothing)
        }
        Work::Certificates { key } => token.certificates(key).map(Done::Certificates),
        Work::Probe { connector, key } => {
            let used = shared.connector(connector)?;
            prove(shared, token, used.algorithm, &used.label(), key).map(|()| Done::Nothing)
        }
        Work::Initialise => Err(Fault::Initialise("a token that matches the URI is there".into())),
        Work::Ledger(work) => ledger::serve(shared, token, work),
    }
}

/// Answers while no token is served. A blank one is the token manager's, since its officer's PIN needs
/// the supervisor's word.
pub(super) fn serve_without_token(fault: &Fault, work: &Work) -> Result<Done, Fault> {
    match (work, fault) {
        (Work::Initialise, fault) if *fault != Fault::Starting => Err(Fault::Initialise(format!(
            "a token that matches the URI is there, or more than one ({fault})"
        ))),
        _ => Err(fault.clone()),
    }
}

fn sign(
    shared: &Shared,
    token: &mut impl Token,
    used: &Use,
    key: &KeyRef,
    message: &Message,
) -> Result<Done, Fault> {
    if matches!(message, Message::Probe(_)) {
        return Err(Fault::Message("a probe's signature never leaves the host".into()));
    }
    // Its label tells it apart on most tokens; the slots of a YubiKey have none.
    if shared.ledger_gate.is_its(key.spki_sha256) {
        return Err(Fault::Message("the ledger's key signs checkpoints only".into()));
    }
    let label = label(&used.connector);
    let composed = compose(shared, used.algorithm, message, token.key(key, &label)?)?;
    token.sign(key, &label, &composed).map(Done::Signature)
}

/// Signs a probe with a key, and judges the signature.
pub(super) fn prove(
    shared: &Shared,
    token: &mut impl Token,
    algorithm: Algorithm,
    label: &str,
    key: &KeyRef,
) -> Result<(), Fault> {
    let message = Message::Probe(Probe { nonce: random() });
    let composed = compose(shared, algorithm, &message, token.key(key, label)?)?;
    let signature = token.sign(key, label, &composed)?;
    let good = token.key(key, label)?.verifies(composed.algorithm(), composed.bytes(), &signature);
    if good { Ok(()) } else { Err(Fault::Device("the probe's signature does not verify".into())) }
}

pub(super) fn told(found: Result<(TokenReport, Vec<KeyReport>), Fault>) -> Result<Done, Fault> {
    found.map(|(token, keys)| Done::Survey(token, keys))
}

pub(super) fn count(from: u32) -> Result<usize, Fault> {
    usize::try_from(from).map_err(|_| Fault::Protocol)
}

fn compose(
    shared: &Shared,
    algorithm: Algorithm,
    message: &Message,
    key: &PublicKey,
) -> Result<Composed, Fault> {
    let now = Now::read(shared.config.token.patience());
    message.compose(algorithm, key, now).map_err(|error| refuse(message, error))
}

fn refuse(message: &Message, error: MessageError) -> Fault {
    match error {
        MessageError::Untimely { .. } => {
            // An honest front's messages wait too long at most; who takes it over does not tell of the others.
            tracing::warn!(kind = message.kind(), "not signed: {error}");
            Fault::Untimely(error.to_string())
        }
        error => Fault::Message(error.to_string()),
    }
}
