//! The supervisor's word on what the ledger's key may sign, asked for by a lane: nothing is signed before that word, which comes
//! only after what it allows is durable.
//!
//! One question at a time; an answer that comes too late has another number than the next question. Which keys are the
//! ledger's stands here, too: none of them signs anything else.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::Sha256;
use crate::control::{self, LedgerUse, Report};
use crate::lane::Fault;
use crate::message::Checkpoint;

/// How long the supervisor may take to make durable what it allows.
const PATIENCE: Duration = Duration::from_secs(5);

/// The way of one question after the other to the supervisor.
pub(super) struct LedgerGate {
    control: Arc<OwnedFd>,
    /// Held by the lane that asks.
    turn: Mutex<()>,
    asked: Mutex<Asked>,
    keys: Mutex<BTreeSet<Sha256>>,
}

/// The question that is under way.
#[derive(Default)]
struct Asked {
    number: u64,
    waiting: Option<Sender<Option<String>>>,
}

impl LedgerGate {
    pub(super) fn new(control: Arc<OwnedFd>, known: &LedgerUse) -> Self {
        let keys = Mutex::new(known.keys.iter().copied().collect());
        Self { control, turn: Mutex::default(), asked: Mutex::default(), keys }
    }

    /// Whether a key is or was the ledger's.
    pub(super) fn is_its(&self, key: Sha256) -> bool {
        lock(&self.keys).contains(&key)
    }

    /// Has the supervisor know a key that was just made.
    pub(super) fn register(&self, key: Sha256) -> Result<(), Fault> {
        // First: whatever becomes of the question, it signs nothing else.
        lock(&self.keys).insert(key);
        self.ask(|number| Report::LedgerKey { number, key })
    }

    /// Asks whether a checkpoint that goes on from the last one may be signed with this key.
    pub(super) fn allow(&self, key: Sha256, checkpoint: &Checkpoint) -> Result<(), Fault> {
        let Checkpoint { last, next, .. } = *checkpoint;
        self.ask(|number| Report::Checkpoint { number, key, last, next })
    }

    /// Takes the supervisor's word.
    pub(super) fn ruled(&self, number: u64, refusal: Option<String>) {
        let mut asked = lock(&self.asked);
        if asked.number == number
            && let Some(waiting) = asked.waiting.take()
        {
            // A lane that waits no longer signs nothing.
            let _ = waiting.send(refusal);
        }
    }

    fn ask(&self, report: impl FnOnce(u64) -> Report) -> Result<(), Fault> {
        let _turn = lock(&self.turn);
        let (answer, answered) = channel();
        let number = {
            let mut asked = lock(&self.asked);
            *asked = Asked { number: asked.number + 1, waiting: Some(answer) };
            asked.number
        };
        let gone = || Fault::Ledger("the supervisor does not answer".into());
        control::send(&self.control, &report(number), &[]).map_err(|_| gone())?;
        match answered.recv_timeout(PATIENCE).map_err(|_| gone())? {
            None => Ok(()),
            Some(why) => Err(Fault::Ledger(why)),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
