//! The queue in front of a token's lanes: bounded, and fair between callers.
//!
//! Callers come one after the other in turns, however many requests each of them has waiting; the requests of one caller
//! come in their own order. Nothing here knows a lane or a clock: permits are counted, and whoever is next gets one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// How many requests may wait for one token, and how many of one caller.
const MAX_WAITING: usize = 1024;
pub(super) const MAX_WAITING_EACH: usize = 256;

/// Whose request it is: a uid and its unit, or nobody's but ours.
pub(crate) type RequesterId = Option<ledger::Caller>;

/// What a question needs of the lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PermitKind {
    /// A place on a lane, on which others have theirs.
    Shared,
    /// A lane of its own: nothing may wait behind it.
    Exclusive,
}

/// Permits, and who waits for one.
pub(super) struct Queue(Mutex<State>);

struct State {
    lanes: usize,
    /// How many places a lane has.
    depth: usize,
    /// How many places are taken, and how many whole lanes.
    places: usize,
    whole: usize,
    /// Those who wait, in the order of their turns.
    turns: VecDeque<Turn>,
    waiting: usize,
    is_shut: bool,
}

struct Turn {
    requester: RequesterId,
    requests: VecDeque<Request>,
}

struct Request {
    kind: PermitKind,
    called: oneshot::Sender<QueuePermit>,
}

/// A permit that was given, until it is dropped.
pub(super) struct QueuePermit {
    /// Nothing once it went to somebody else.
    queue: Option<Arc<Queue>>,
    kind: PermitKind,
}

/// Why nobody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// The lanes are gone.
    Shut,
    /// Too many wait already.
    Full,
}

/// A permit, or the wait for it.
pub(super) enum Entry {
    Now(QueuePermit),
    Later(oneshot::Receiver<QueuePermit>),
}

impl Queue {
    pub(super) fn new(lanes: usize, depth: usize) -> Arc<Self> {
        let turns = VecDeque::new();
        let state = State { lanes, depth, places: 0, whole: 0, turns, waiting: 0, is_shut: false };
        Arc::new(Self(Mutex::new(state)))
    }

    /// Changes how many places a lane has. Who waits is called when the next permit is given back, and who has a place
    /// that there is no more keeps it.
    pub(super) fn set_depth(&self, depth: usize) {
        self.state().depth = depth;
    }

    /// Takes a permit if nobody is before us, else a place in the queue.
    pub(super) fn enter(
        self: &Arc<Self>,
        requester: &RequesterId,
        kind: PermitKind,
    ) -> Result<Entry, Closed> {
        let mut state = self.state();
        if state.is_shut {
            return Err(Closed::Shut);
        }
        if state.turns.is_empty() && state.has(kind) {
            return Ok(Entry::Now(self.give(&mut state, kind)));
        }
        if state.waiting >= MAX_WAITING || state.waiting_of(requester) >= MAX_WAITING_EACH {
            return Err(Closed::Full);
        }
        let (called, wait) = oneshot::channel();
        state.wait(requester, Request { kind, called });
        Ok(Entry::Later(wait))
    }

    /// Takes a permit if nobody has one and nobody waits: for what may delay nobody.
    pub(super) fn enter_quietly(self: &Arc<Self>) -> Result<Option<QueuePermit>, Closed> {
        let mut state = self.state();
        if state.is_shut {
            return Err(Closed::Shut);
        }
        let is_quiet = state.turns.is_empty() && state.places == 0 && state.whole == 0;
        Ok(is_quiet.then(|| self.give(&mut state, PermitKind::Shared)))
    }

    /// How many requests are called before the next one of this requester.
    pub(super) fn ahead_of(&self, requester: &RequesterId) -> usize {
        let state = self.state();
        let own = state.waiting_of(requester);
        state.turns.iter().map(|turn| turn.requests.len().min(own + 1)).sum()
    }

    /// How many have a permit.
    pub(super) fn taken(&self) -> usize {
        let state = self.state();
        state.places + state.whole
    }

    /// How many requests wait.
    pub(super) fn waiting(&self) -> usize {
        self.state().waiting
    }

    /// Whether nobody is let in any more.
    pub(super) fn is_shut(&self) -> bool {
        self.state().is_shut
    }

    /// Lets nobody in any more, and sends those away who wait.
    pub(super) fn shut(&self) {
        let mut state = self.state();
        state.is_shut = true;
        state.waiting = 0;
        let turns = std::mem::take(&mut state.turns);
        drop(state);
        drop(turns);
    }

    fn give(self: &Arc<Self>, state: &mut State, kind: PermitKind) -> QueuePermit {
        *state.count(kind) += 1;
        QueuePermit { queue: Some(self.clone()), kind }
    }

    fn give_back(self: &Arc<Self>, kind: PermitKind) {
        let mut state = self.state();
        *state.count(kind) -= 1;
        while let Some(request) = state.next() {
            if let Err(mut taken) = request.called.send(self.give(&mut state, request.kind)) {
                // Whoever waited is gone; the permit goes to the next without a round through here.
                *state.count(taken.kind) -= 1;
                taken.queue = None;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether a permit is free. The lanes that nobody has alone have places for all that need no more.
    fn has(&self, kind: PermitKind) -> bool {
        let (places, whole) = match kind {
            PermitKind::Shared => (self.places + 1, self.whole),
            PermitKind::Exclusive => (self.places, self.whole + 1),
        };
        self.lanes.checked_sub(whole).is_some_and(|shared| places <= shared * self.depth)
    }

    fn count(&mut self, kind: PermitKind) -> &mut usize {
        match kind {
            PermitKind::Shared => &mut self.places,
            PermitKind::Exclusive => &mut self.whole,
        }
    }

    fn waiting_of(&self, requester: &RequesterId) -> usize {
        self.turns.iter().find(|turn| turn.requester == *requester).map_or(0, |turn| turn.requests.len())
    }

    fn wait(&mut self, requester: &RequesterId, request: Request) {
        self.waiting += 1;
        match self.turns.iter_mut().find(|turn| turn.requester == *requester) {
            Some(turn) => turn.requests.push_back(request),
            None => {
                self.turns
                    .push_back(Turn { requester: requester.clone(), requests: VecDeque::from([request]) });
            }
        }
    }

    /// The next request, if there is a permit for it; its requester goes to the end.
    fn next(&mut self) -> Option<Request> {
        let kind = self.turns.front()?.requests.front()?.kind;
        if !self.has(kind) {
            return None;
        }
        let mut turn = self.turns.pop_front()?;
        let request = turn.requests.pop_front();
        if !turn.requests.is_empty() {
            self.turns.push_back(turn);
        }
        self.waiting -= 1;
        request
    }
}

impl QueuePermit {
    /// What was taken.
    pub(super) fn kind(&self) -> PermitKind {
        self.kind
    }
}

impl Drop for QueuePermit {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.take() {
            queue.give_back(self.kind);
        }
    }
}

#[cfg(test)]
mod tests;
