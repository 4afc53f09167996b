//! The checkpoints' own pace: at most one in the configured time while the log grows, and one after ten minutes without growth.
//!
//! A checkpoint takes a token only while nobody else wants it, unless that lasts too long; it writes no entry, and is its own
//! record: verified against the pinned key, and durable on disk, before anybody is shown it. What goes wrong costs checkpoints
//! alone.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use hsm_config::Name;
use ledger::{BadNote, BadSignedCheckpoint, Entry, Growth, Kind, Note, Signature, SignedCheckpoint};
use token::Sha256;
use token::lane::{Done, LedgerWork, Work};
use token::message::{Checkpoint, MessageError, checkpoint_algorithm};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, timeout};

use super::key;
use super::ledger_signer::LedgerSigner;
use super::retry::{Circumstances, Retry};
use crate::front::Front;
use crate::keys::readiness::Reason;
use crate::tokens::AskError;

/// How long a checkpoint waits for a token that nobody wants; then it takes a turn as any requester does.
const QUIET: Duration = Duration::from_secs(10);
/// How long a front that stops waits for its last checkpoint, of the time that it has to settle what is left.
const LAST: Duration = Duration::from_secs(2);

/// Why there is no new checkpoint.
#[derive(Debug, thiserror::Error)]
enum NotSigned {
    #[error("{0}")]
    Unfit(Reason),
    #[error(
        "what was signed last is not known: write a new origin into [ledger], restart, and run `kunci log init-key`"
    )]
    Lost,
    #[error("its key is on the token {0}, and the configuration names another")]
    Elsewhere(String),
    #[error("the token: {0}")]
    Token(#[from] AskError),
    #[error("the token's signature is not the pinned key's")]
    WrongSignature,
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    #[error(transparent)]
    Message(#[from] MessageError),
    #[error("the checkpoint is no note: {0}")]
    Note(#[from] BadNote),
    #[error("the checkpoint cannot be read: {0}")]
    Unread(#[from] BadSignedCheckpoint),
}

/// Signs checkpoints until the front stops.
pub(crate) async fn run(front: Arc<Front>) {
    let Some(token) = front.checkpoints.token().cloned() else { return };
    let mut tick = tokio::time::interval(front.checkpoints.every());
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut retry, mut alarmed) = (Retry::default(), false);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            () = front.shutdown.begun() => return,
        }
        let now = Circumstances::of(&front, &token);
        let is_wanted = front.checkpoints.is_due(front.journal.size()) && key::recorded(&front).is_some();
        if !is_wanted || !retry.is_due(&now) {
            continue;
        }
        let failure = sign(&front, &token).await.err();
        // Once: each entry would have the next checkpoint signed for it.
        if matches!(failure, Some(NotSigned::WrongSignature)) && !std::mem::replace(&mut alarmed, true) {
            let entry = Entry::new(Kind::Posture).token(token.as_str()).reason("wrong-signature");
            front.journal.record_detached(entry);
        }
        if failure.is_some() {
            retry.failed(now)
        } else {
            retry.succeeded()
        }
        front.checkpoints.tried(failure.map(|failure| failure.to_string()));
    }
}

/// The last checkpoint of a front that answers nobody any more, of what was logged since the one before: its log lies still from now
/// on, maybe for long. It waits for a moment only; what is not signed then the next front has signed.
pub(crate) async fn finish(front: &Arc<Front>, signing: JoinHandle<()>) {
    if timeout(LAST, last(front, signing)).await.is_err() {
        tracing::warn!("the token takes too long for a last checkpoint of the log");
    }
}

async fn last(front: &Arc<Front>, signing: JoinHandle<()>) {
    // One that is under way is the last but one.
    let _ = signing.await;
    let Some(token) = front.checkpoints.token() else { return };
    let has_grown = front.checkpoints.shown().is_none_or(|shown| shown.size != front.journal.size());
    if !has_grown || key::recorded(front).is_none() {
        return;
    }
    if let Err(why) = sign(front, token).await {
        tracing::warn!(%why, "no last checkpoint of the log could be signed");
    }
}

/// Has the log as it is on the disk signed, and publishes it.
async fn sign(front: &Arc<Front>, token: &Name) -> Result<(), NotSigned> {
    let signer = signer(front, token).await?;
    let last = front.checkpoints.last(&signer.pin).ok_or(NotSigned::Lost)?;
    let permit = front.tokens.quiet_permit(token, QUIET).await?;
    let Growth { to, proof, .. } = front.journal.growth_since(last.size).await?;
    let proof = proof.into_iter().map(Sha256).collect();
    let checkpoint = Checkpoint { next: to.into(), last, proof };
    let work = Work::Ledger(LedgerWork::Sign { key: signer.pin, checkpoint: checkpoint.clone() });
    let (Done::Signature(signature), _) = front.tokens.ask_with(permit, work).await? else {
        return Err(AskError::Unexpected.into());
    };
    let signed = note(front, &signer, &checkpoint, &signature)?;
    let shown = Bytes::from(signed.to_string());
    front.journal.publish(signed).await?;
    front.checkpoints.show(shown, to.size);
    Ok(())
}

/// The recorded key, on the token as it is now: looked for once for each host process.
async fn signer(front: &Front, token: &Name) -> Result<LedgerSigner, NotSigned> {
    let key = key::recorded(front).ok_or(NotSigned::Unfit(Reason::LedgerKeyless))?;
    if key.token != token.as_str() {
        return Err(NotSigned::Elsewhere(key.token));
    }
    let away = || NotSigned::Unfit(Reason::TokenAway(token.clone()));
    let generation =
        front.tokens.generation(token).filter(|of| front.tokens.serves(token, *of)).ok_or_else(away)?;
    if let Some(signer) = front.checkpoints.signer(generation).filter(|signer| Some(signer.pin) == key.pin())
    {
        return Ok(signer);
    }
    let survey = key::search(front, token).await?;
    let signer = key::eligible(front, token, &key, survey).await.map_err(NotSigned::Unfit)?;
    front.checkpoints.set_signer(generation, signer.clone());
    Ok(signer)
}

/// The signed note, once its signature was verified over exactly these bytes with exactly the pinned key.
fn note(
    front: &Front,
    signer: &LedgerSigner,
    checkpoint: &Checkpoint,
    signature: &[u8],
) -> Result<SignedCheckpoint, NotSigned> {
    let text = checkpoint.text(front.checkpoints.origin())?;
    let algorithm = checkpoint_algorithm(signer.public.kind()).ok_or(NotSigned::WrongSignature)?;
    if !signer.public.verifies(algorithm, text.as_bytes(), signature) {
        return Err(NotSigned::WrongSignature);
    }
    let signature = Checkpoint::note_signature(&signer.public, signature)?;
    let mut note = Note::new(text)?;
    note.add(Signature::new(&signer.vkey, signature))?;
    // As everybody else will judge it.
    note.verify([&signer.vkey]).map_err(|_| NotSigned::WrongSignature)?;
    Ok(SignedCheckpoint::try_from(note)?)
}
