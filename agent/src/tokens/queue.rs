//! The queue in front of a token's lanes: bounded, and fair between callers.
//!
//! Callers come one after the other in turns, however many requests each of them has waiting; the requests of one caller
//! come in their own order. Nothing here knows a lane or a clock: rooms are counted, and whoever is next gets one.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// How many requests may wait for one token, and how many of one caller.
const MAX_WAITING: usize = 1024;
pub(super) const MAX_WAITING_EACH: usize = 256;

/// Whose request it is: a uid and its unit, or nobody's but ours.
pub(crate) type Asker = Option<ledger::Caller>;

/// What a question needs of the lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// A place on a lane, on which others have theirs.
    Place,
    /// A lane of its own: nothing may wait behind it.
    Lane,
}

/// Rooms, and who waits for one.
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
    asker: Asker,
    requests: VecDeque<Request>,
}

struct Request {
    room: Room,
    called: oneshot::Sender<Taken>,
}

/// A room that was taken, until it is dropped.
pub(super) struct Taken {
    /// Nothing once it went to somebody else.
    queue: Option<Arc<Queue>>,
    room: Room,
}

/// Why nobody waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// The lanes are gone.
    Shut,
    /// Too many wait already.
    Full,
}

/// A room, or the wait for it.
pub(super) enum Entry {
    Now(Taken),
    Later(oneshot::Receiver<Taken>),
}

impl Queue {
    pub(super) fn new(lanes: usize, depth: usize) -> Arc<Self> {
        let turns = VecDeque::new();
        let state = State { lanes, depth, places: 0, whole: 0, turns, waiting: 0, is_shut: false };
        Arc::new(Self(Mutex::new(state)))
    }

    /// Changes how many places a lane has. Who waits is called when the next room is given back, and who has a place
    /// that there is no more keeps it.
    pub(super) fn set_depth(&self, depth: usize) {
        self.state().depth = depth;
    }

    /// Takes a room if nobody is before us, else a place in the queue.
    pub(super) fn enter(self: &Arc<Self>, asker: &Asker, room: Room) -> Result<Entry, Closed> {
        let mut state = self.state();
        if state.is_shut {
            return Err(Closed::Shut);
        }
        if state.turns.is_empty() && state.has(room) {
            return Ok(Entry::Now(self.give(&mut state, room)));
        }
        if state.waiting >= MAX_WAITING || state.waiting_of(asker) >= MAX_WAITING_EACH {
            return Err(Closed::Full);
        }
        let (called, wait) = oneshot::channel();
        state.wait(asker, Request { room, called });
        Ok(Entry::Later(wait))
    }

    /// How many requests are called before the next one of this asker.
    pub(super) fn ahead_of(&self, asker: &Asker) -> usize {
        let state = self.state();
        let own = state.waiting_of(asker);
        state.turns.iter().map(|turn| turn.requests.len().min(own + 1)).sum()
    }

    /// How many have a room.
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

    fn give(self: &Arc<Self>, state: &mut State, room: Room) -> Taken {
        *state.count(room) += 1;
        Taken { queue: Some(self.clone()), room }
    }

    fn give_back(self: &Arc<Self>, room: Room) {
        let mut state = self.state();
        *state.count(room) -= 1;
        while let Some(request) = state.next() {
            if let Err(mut taken) = request.called.send(self.give(&mut state, request.room)) {
                // Whoever waited is gone; the room goes to the next without a round through here.
                *state.count(taken.room) -= 1;
                taken.queue = None;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether a room is free. The lanes that nobody has alone have places for all that need no more.
    fn has(&self, room: Room) -> bool {
        let (places, whole) = match room {
            Room::Place => (self.places + 1, self.whole),
            Room::Lane => (self.places, self.whole + 1),
        };
        self.lanes.checked_sub(whole).is_some_and(|shared| places <= shared * self.depth)
    }

    fn count(&mut self, room: Room) -> &mut usize {
        match room {
            Room::Place => &mut self.places,
            Room::Lane => &mut self.whole,
        }
    }

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
        let room = self.turns.front()?.requests.front()?.room;
        if !self.has(room) {
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

impl Taken {
    /// What was taken.
    pub(super) fn room(&self) -> Room {
        self.room
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.take() {
            queue.give_back(self.room);
        }
    }
}

#[cfg(test)]
mod tests;
