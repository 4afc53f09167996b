//! The ledger's key as it may sign: exactly the pinned one, seen on its token by this host process, and fit like a connector's.

use std::sync::Arc;

use hsm_config::{Flaw, Name};
use token::lane::{LedgerWork, Work};
use token::{KeyId, KeyLocation};

use super::ledger_signer::LedgerSigner;
use crate::front::{Front, activation};
use crate::keys::ledger_key::LedgerKey;
use crate::keys::readiness::{KeyPolicy, Reason, fit};
use crate::tokens::{AskError, Survey};

/// The key that the log has for the configured origin.
pub(crate) fn recorded(front: &Front) -> Option<LedgerKey> {
    front.with_lifecycle(|lifecycle| lifecycle.ledger().current(front.checkpoints.origin()).cloned())
}

/// What the token holds of the ledger's keys.
pub(crate) async fn search(front: &Front, token: &Name) -> Result<Survey, AskError> {
    let mut survey = activation::read(front, token, |from| Work::Ledger(LedgerWork::Search { from })).await?;
    // Keys of earlier logs keep the label. Which one signs its pin says, and which may sign the supervisor knows.
    survey.keys.iter_mut().for_each(|report| report.flaws.retain(|flaw| *flaw != Flaw::DuplicateLabel));
    Ok(survey)
}

/// What the configuration says of the key.
pub(crate) fn policy(front: &Front, token: &Name) -> KeyPolicy {
    let exceptions = front.tokens.exceptions(token).to_vec();
    KeyPolicy { allow_software: front.agent.allow_software_tokens, exceptions }
}

/// The recorded key, if it is on the token and fit to sign, and what excuses it is on record.
pub(crate) async fn eligible(
    front: &Front,
    token: &Name,
    key: &LedgerKey,
    mut survey: Survey,
) -> Result<LedgerSigner, Reason> {
    let keyless = || Reason::LedgerKeyless;
    let (pin, vkey) = (key.pin().ok_or_else(keyless)?, key.vkey().cloned().ok_or_else(keyless)?);
    name(&mut survey, pin.id);
    let (public, excused) = fit(pin, token, &survey, &policy(front, token))?;
    let record = |entry| front.journal.record(entry);
    let recorded = front.exceptions.record(None, token, pin.id, &excused, record).await;
    recorded.map_err(|error| {
        tracing::error!(%token, %error, "an exception of the ledger's key cannot be recorded, so it is not in force");
        Reason::Unrecorded(token.clone())
    })?;
    Ok(LedgerSigner { pin, public: Arc::new(public), vkey, excused })
}

/// A key that a survey names by its place alone gets the identifier that the log has for it; its pin says whether it is the one.
pub(super) fn name(survey: &mut Survey, id: KeyId) {
    let Some(place) = KeyLocation::of(id) else { return };
    let there =
        survey.keys.iter_mut().filter(|report| report.id.and_then(KeyLocation::of).as_ref() == Some(&place));
    there.for_each(|report| report.id = Some(id));
}
