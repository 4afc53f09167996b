//! The ledger's key on a token that is served: looked for, made, and asked to sign checkpoints.
//!
//! A checkpoint is composed here, with the origin of the configuration, once the proof was found to lead from the last one to
//! this one; then the supervisor is asked whether that was the last; then it is signed. A new key is read back and tried, and known
//! to the supervisor before the front is: one that nobody knows signs no checkpoint.

use hsm_config::KeyType;

use super::shared::Shared;
use super::work::{self, count, told};
use crate::control::LEDGER_LABEL;
use crate::lane::{Done, Fault, KeyReport, LedgerWork};
use crate::message::{Checkpoint, checkpoint_algorithm};
use crate::traits::{Provision, Token};
use crate::{KeyId, KeyRef};

/// Does what a question asks of the ledger's key.
pub(super) fn serve(
    shared: &Shared,
    token: &mut (impl Token + Provision),
    work: &LedgerWork,
) -> Result<Done, Fault> {
    let elsewhere = || Fault::Ledger("its token is another one by the configuration".into());
    let origin = shared.config.ledger.origin.as_deref().ok_or_else(elsewhere)?;
    match work {
        LedgerWork::Search { from } => told(token.search(LEDGER_LABEL, count(*from)?)),
        LedgerWork::Identify => {
            let kind = token.ledger_kind()?;
            token.identify(LEDGER_LABEL, kind).map(Done::Identifier)
        }
        LedgerWork::Generate { id } => generate(shared, token, *id).map(Done::Generated),
        LedgerWork::Sign { key, checkpoint } => {
            sign(shared, token, origin, key, checkpoint).map(Done::Signature)
        }
    }
}

fn sign(
    shared: &Shared,
    token: &mut impl Token,
    origin: &str,
    key: &KeyRef,
    checkpoint: &Checkpoint,
) -> Result<Vec<u8>, Fault> {
    let public = token.key(key, LEDGER_LABEL)?;
    let composed = checkpoint.compose(origin, public).map_err(|error| Fault::Message(error.to_string()))?;
    // After the key was found: what is allowed and then not signed costs a proof from there, and nothing else.
    shared.ledger_gate.allow(key.spki_sha256, checkpoint)?;
    token.sign(key, LEDGER_LABEL, &composed)
}

/// Makes the key that the token offers, or else a P-256 key: lists of mechanisms lie, and some modules make what they cannot
/// sign with.
fn generate(shared: &Shared, token: &mut (impl Token + Provision), id: KeyId) -> Result<KeyReport, Fault> {
    let report = match token.ledger_kind()? {
        KeyType::Ed25519 => make(shared, token, id, KeyType::Ed25519).or_else(|fault| {
            tracing::warn!(%fault, "no Ed25519 key for the ledger on this token; it gets a P-256 key");
            make(shared, token, id, KeyType::P256)
        })?,
        kind => make(shared, token, id, kind)?,
    };
    shared.ledger_gate.register(pin(id, &report)?.spki_sha256)?;
    Ok(report)
}

/// Makes a key and tries it; one that does not sign is destroyed.
fn make(
    shared: &Shared,
    token: &mut (impl Token + Provision),
    id: KeyId,
    kind: KeyType,
) -> Result<KeyReport, Fault> {
    let report = token.generate(id, LEDGER_LABEL, kind, &shared.config.token.exceptions)?;
    let key = pin(id, &report)?;
    let algorithm =
        checkpoint_algorithm(kind).ok_or_else(|| Fault::Permanent(format!("{kind} signs no checkpoints")))?;
    let tried = work::prove(shared, token, algorithm, LEDGER_LABEL, &key);
    if let Err(fault) = tried {
        token.destroy(&key)?;
        return Err(fault);
    }
    Ok(report)
}

fn pin(id: KeyId, report: &KeyReport) -> Result<KeyRef, Fault> {
    let public = report.public_key().ok_or_else(|| Fault::Attributes("unknown-type".into()))?;
    Ok(KeyRef { id, spki_sha256: public.sha256() })
}
