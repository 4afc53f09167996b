//! The queue in front of a token's lanes: bounded, and fair between callers.
//!
//! Callers come one after the other in turns, however many requests each of them has waiting; the requests of one caller
//! come in their own order. Nothing here knows a lane or a clock: places are counted, and whoever is next gets them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// How many requests may wait for one token, and how many of one caller.
const MAX_WAITING: usize = 1024;
pub(super) const MAX_WAITING_EACH: usize = 256;

/// Whose request it is: a uid and its unit, or nobody's but ours.
pub(crate) type Asker = Option<ledger::Caller>;

/// Places, and who waits for them.
pub(super) struct Queue(Mutex<State>);

struct State {
    free: usize,
    /// Those who wait, in the order of their turns.
    turns: VecDeque<Turn>,
    waiting: usize,
    is_shut: bool,
}

struct Turn {
    asker: Asker,
    requests: VecDeque<Request>,
}

struct Request {
    places: usize,
    called: oneshot::Sender<Places>,
}

/// Places that were taken, until they are dropped.
pub(super) struct Places {
    queue: Arc<Queue>,
    count: usize,
}

/// Why nobody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// The lanes are gone.
    Shut,
    /// Too many wait already.
    Full,
}

/// Places, or the wait for them.
pub(super) enum Entry {
    Now(Places),
    Later(oneshot::Receiver<Places>),
}

impl Queue {
    pub(super) fn new(places: usize) -> Arc<Self> {
        let state = State { free: places, turns: VecDeque::new(), waiting: 0, is_shut: false };
        Arc::new(Self(Mutex::new(state)))
    }

    /// Takes places if nobody is before us, else a place in the queue.
    pub(super) fn enter(self: &Arc<Self>, asker: &Asker, places: usize) -> Result<Entry, Closed> {
        let mut state = self.state();
        if state.is_shut {
            return Err(Closed::Shut);
        }
        if state.turns.is_empty() && state.free >= places {
            state.free -= places;
            return Ok(Entry::Now(Places { queue: self.clone(), count: places }));
        }
        if state.waiting >= MAX_WAITING || state.waiting_of(asker) >= MAX_WAITING_EACH {
            return Err(Closed::Full);
        }
        let (called, wait) = oneshot::channel();
        state.wait(asker, Request { places, called });
        Ok(Entry::Later(wait))
    }

    /// How many requests are called before the next one of this asker.
    pub(super) fn ahead_of(&self, asker: &Asker) -> usize {
        let state = self.state();
        let own = state.waiting_of(asker);
        state.turns.iter().map(|turn| turn.requests.len().min(own + 1)).sum()
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

    fn give_back(self: &Arc<Self>, places: usize) {
        let mut state = self.state();
        state.free += places;
        while let Some(request) = state.next() {
            state.free -= request.places;
            let places = Places { queue: self.clone(), count: request.places };
            if let Err(mut places) = request.called.send(places) {
                // Whoever waited is gone; the places go to the next without a round through here.
                state.free += std::mem::take(&mut places.count);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn waiting_of(&self, asker: &Asker) -> usize {
        self.turns.iter().find(|turn| turn.asker == *asker).map_or(0, |turn| turn.requests.len())
    }

    fn wait(&mut self, asker: &Asker, request: Request) {
        self.waiting += 1;
        match self.turns.iter_mut().find(|turn| turn.asker == *asker) {
            Some(turn) => turn.requests.push_back(request),
            None => {
                self.turns.push_back(Turn { asker: asker.clone(), requests: VecDeque::from([request]) });
            }
        }
    }

    /// The next request, if there is room for it; its asker goes to the end.
    fn next(&mut self) -> Option<Request> {
        let free = self.free;
        self.turns.front()?.requests.front().filter(|request| request.places <= free)?;
        let mut turn = self.turns.pop_front()?;
        let request = turn.requests.pop_front();
        if !turn.requests.is_empty() {
            self.turns.push_back(turn);
        }
        self.waiting -= 1;
        request
    }
}

impl Places {
    /// How many.
    pub(super) fn count(&self) -> usize {
        self.count
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        if self.count > 0 {
            self.queue.give_back(self.count);
        }
    }
}

#[cfg(test)]
mod tests;
