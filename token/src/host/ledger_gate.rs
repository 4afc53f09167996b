//! The supervisor's word on what the ledger's key may sign, asked for by a lane: nothing is signed before that word, which comes
//! only after what it allows is durable.
//!
//! One question at a time, and each within the limit, its turn included: the front's deadline counts on that. An answer that comes
//! too late has another number than the next question. Which keys are the ledger's stands here, too: none of them signs anything
//! else.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::Sha256;
use crate::control::{self, LedgerUse, RULING_LIMIT, Report};
use crate::lane::Fault;
use crate::message::Checkpoint;

/// The way of one question after the other to the supervisor.
pub(super) struct LedgerGate {
    control: Arc<OwnedFd>,
    asked: Mutex<Asked>,
    /// A question is over.
    over: Condvar,
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
        Self { control, asked: Mutex::default(), over: Condvar::new(), keys }
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
            self.over.notify_one();
        }
    }

    fn ask(&self, report: impl FnOnce(u64) -> Report) -> Result<(), Fault> {
        let gone = || Fault::Ledger("the supervisor does not answer".into());
        let until = Instant::now() + RULING_LIMIT;
        let (number, answered) = self.turn(until).ok_or_else(gone)?;
        let sent = control::send(&self.control, &report(number), &[]);
        let left = until.saturating_duration_since(Instant::now());
        let answer = sent.ok().and_then(|()| answered.recv_timeout(left).ok());
        if answer.is_none() {
            self.give_up(number);
        }
        match answer.ok_or_else(gone)? {
            None => Ok(()),
            Some(why) => Err(Fault::Ledger(why)),
        }
    }

    /// The next question's number and where its answer comes, once no other is under way.
    fn turn(&self, until: Instant) -> Option<(u64, Receiver<Option<String>>)> {
        let left = until.saturating_duration_since(Instant::now());
        let asked = self.over.wait_timeout_while(lock(&self.asked), left, |asked| asked.waiting.is_some());
        let mut asked = asked.unwrap_or_else(PoisonError::into_inner).0;
        if asked.waiting.is_some() {
            return None;
        }
        let (answer, answered) = channel();
        *asked = Asked { number: asked.number + 1, waiting: Some(answer) };
        Some((asked.number, answered))
    }

    /// The question is not waited for any more, if it is still under way.
    fn give_up(&self, number: u64) {
        let mut asked = lock(&self.asked);
        if asked.number == number {
            asked.waiting = None;
            self.over.notify_one();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
