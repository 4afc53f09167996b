//! The log's checkpoints as the front knows them: what was signed last, by the supervisor's word; what is shown; and what stood in
//! the way of the next one.
//!
//! The [`signer`] has them signed on nobody's time, and [`init`] makes the key that signs them. Nothing here is decided: whether a
//! checkpoint goes on from the last one, host and supervisor judge.

pub(crate) mod init;
pub(crate) mod key;
mod ledger_signer;
pub(crate) mod published;
mod retry;
pub(crate) mod signer;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use hsm_config::{Config, Name};
use token::message::TreeHead;
use token::{KeyRef, Sha256};
use tokio::time::Instant;

use crate::ipc::link::Signed;
use ledger_signer::LedgerSigner;

/// After how long without growth a checkpoint is signed again, so that it is fresh.
const AGAIN: Duration = Duration::from_secs(600);
/// How much older than that, and than the interval of the configuration, a checkpoint may get before something is the matter.
const LATE: Duration = Duration::from_secs(300);

/// What is known of the checkpoints of one origin.
pub struct Checkpoints {
    origin: String,
    token: Option<Name>,
    every: Duration,
    state: Mutex<State>,
}

struct State {
    /// When the last one was signed, or since when one could have been: since the start, or since there is a key for them.
    since: Instant,
    signed: Option<Signed>,
    shown: Option<Shown>,
    /// Why the last try failed.
    failure: Option<String>,
    /// The key that was found fit, and on which host process's token.
    signer: Option<(u64, LedgerSigner)>,
}

/// A checkpoint that is published.
#[derive(Clone)]
pub struct Shown {
    /// The signed note.
    pub note: Bytes,
    /// What it is of.
    pub size: u64,
    /// When it was signed.
    pub at: Instant,
}

impl Checkpoints {
    /// By the configuration, with what was signed and is shown already.
    pub(crate) fn new(config: &Config, signed: Option<Signed>, shown: Option<Shown>) -> Self {
        let ledger = &config.ledger;
        let since = shown.as_ref().map_or_else(Instant::now, |shown| shown.at);
        let state = Mutex::new(State { since, signed, shown, failure: None, signer: None });
        let (token, every) = (ledger.token.clone(), ledger.checkpoint_every);
        Self { origin: ledger.origin.clone(), token, every, state }
    }

    /// The log's name.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The token that holds the key, where one does.
    pub fn token(&self) -> Option<&Name> {
        self.token.as_ref()
    }

    /// How often one is signed at most.
    pub(crate) fn every(&self) -> Duration {
        self.every
    }

    /// Takes the supervisor's word.
    pub(crate) fn hears(&self, signed: Signed) {
        if signed.origin != self.origin {
            return;
        }
        let mut state = self.state();
        let before = state.signed.as_ref().map_or(&[][..], |before| &before.keys);
        if signed.keys.iter().any(|made| !before.contains(made)) {
            state.since = Instant::now();
        }
        state.signed = Some(signed);
    }

    /// What a checkpoint by this key has to go on from; none where nobody knows that.
    pub(crate) fn last(&self, pin: &KeyRef) -> Option<TreeHead> {
        let state = self.state();
        let signed = state.signed.as_ref().filter(|signed| signed.keys.contains(&pin.spki_sha256));
        signed.map(|signed| signed.last)
    }

    /// Whether the supervisor has ever heard of this key.
    pub(crate) fn knows(&self, spki_sha256: Sha256) -> bool {
        self.state().signed.as_ref().is_some_and(|signed| signed.keys.contains(&spki_sha256))
    }

    /// Whether a log of this size is to have a checkpoint now.
    pub(crate) fn is_due(&self, size: u64) -> bool {
        let shown = self.shown();
        shown.is_none_or(|shown| shown.size != size || shown.at.elapsed() >= AGAIN)
    }

    /// The checkpoint that is shown.
    pub fn shown(&self) -> Option<Shown> {
        self.state().shown.clone()
    }

    /// Shows a checkpoint, which is durable.
    pub(crate) fn show(&self, note: Bytes, size: u64) {
        let (mut state, at) = (self.state(), Instant::now());
        state.since = at;
        state.shown = Some(Shown { note, size, at });
    }

    /// How long there has been no new one, and how long that may be.
    pub(crate) fn age(&self) -> (Duration, Duration) {
        (self.state().since.elapsed(), AGAIN + LATE + self.every)
    }

    /// Notes what came of a try, and tells what is new about it, once.
    pub(crate) fn tried(&self, failure: Option<String>) {
        let before = std::mem::replace(&mut self.state().failure, failure.clone());
        match (before, failure) {
            (None, Some(why)) => tracing::warn!(why, "no checkpoint of the log could be signed"),
            (Some(before), Some(why)) if before != why => {
                tracing::warn!(why, "no checkpoint of the log could be signed");
            }
            (Some(_), None) => tracing::info!("checkpoints of the log are signed again"),
            _ => {}
        }
    }

    /// Why the last try failed, if it did.
    pub(crate) fn failure(&self) -> Option<String> {
        self.state().failure.clone()
    }

    /// The key that was found fit on this host process's token.
    fn signer(&self, generation: u64) -> Option<LedgerSigner> {
        let state = self.state();
        state.signer.as_ref().filter(|(of, _)| *of == generation).map(|(_, found)| found.clone())
    }

    fn set_signer(&self, generation: u64, found: LedgerSigner) {
        self.state().signer = Some((generation, found));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
