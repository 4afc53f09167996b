//! The calls under way that may write to the token, and the end of this process, which waits for them.
//!
//! A token that is kept in files can be destroyed by a kill between a truncation and a write, and a module may write in
//! any call that changes something, a login's count of tries among them. So whoever makes such a call holds a [`Write`]
//! meanwhile: nothing of ours ends the process before each is dropped or over its own limit, and none begins once the
//! process leaves. What is under way stands on a [`Board`] that the supervisor sees, also when the process is gone. It ends
//! the orders first and looks at the board second, and here a call is shown first and the orders are looked at second: so
//! that one of both sees the other, and no call begins in a process that is told to go and seems idle.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use rustix::event::Timespec;
use rustix::fs::{SealFlags, fcntl_add_seals};

use crate::{memfd, seqpacket};

/// How many can be under way at a time: more than the token manager and the lanes of two fronts.
const PLACES: usize = 64;
/// How often somebody who waits looks again.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(10);
/// How long the orders are looked at: no one waits for that.
const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
/// How long a module may take to load or to log in, whoever waits for it.
pub const LOGIN_LIMIT: Duration = Duration::from_secs(30);
/// How long a token may take to generate a key, store a certificate or be initialised.
pub const CHANGE_LIMIT: Duration = Duration::from_secs(180);

/// What a call is for that may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Call {
    /// C_Initialize, C_Finalize.
    Load = 1,
    /// C_OpenSession, C_CloseSession: the last one that closes logs out.
    Session,
    /// C_Login or VERIFY, from the attempt's report to its outcome's.
    Login,
    /// C_InitToken to C_InitPIN, with their attempt.
    Initialise,
    /// C_GenerateKeyPair, until the key is read back.
    Generate,
    /// C_CreateObject, and the end of what was there before.
    Store,
    /// C_DestroyObject.
    Destroy,
}

/// A call that may write, from before it begins until it is over.
#[derive(Debug)]
#[must_use = "a call is under way as long as this lives"]
pub struct Write(usize);

/// Where the supervisor sees what is under way: one byte for each place, in memory that nobody can make longer or shorter.
#[derive(Debug)]
pub struct Board(File);

/// One that is under way.
#[derive(Clone, Copy)]
struct Place {
    call: Call,
    /// Who makes it: a thread that ends the process is in no call any more.
    by: ThreadId,
    /// How many seconds it was seen.
    age: u64,
}

struct Places {
    taken: [Option<Place>; PLACES],
    leaving: bool,
    session_limit: Duration,
    board: Option<File>,
    /// From which the supervisor's words come.
    orders: Option<OwnedFd>,
}

/// Of this process, as the end is. Held for moments only, in which nothing is called that could hang.
static PLACES_TAKEN: Mutex<Places> = Mutex::new(Places::new());

impl Call {
    const ALL: [Self; 7] = [
        Self::Load,
        Self::Session,
        Self::Login,
        Self::Initialise,
        Self::Generate,
        Self::Store,
        Self::Destroy,
    ];

    /// How long it may take at a token of this deadline.
    pub fn limit(self, deadline: Duration) -> Duration {
        match self {
            Self::Load | Self::Login => LOGIN_LIMIT,
            Self::Session => deadline,
            Self::Initialise | Self::Generate | Self::Store | Self::Destroy => CHANGE_LIMIT,
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Load => "the module's start",
            Self::Session => "opening or closing a session",
            Self::Login => "a login",
            Self::Initialise => "initialising the token",
            Self::Generate => "generating a key",
            Self::Store => "storing a certificate",
            Self::Destroy => "destroying a key",
        })
    }
}

impl Write {
    /// Before the call. Once the process leaves, this returns no more: nothing new begins.
    pub fn begin(call: Call) -> Self {
        loop {
            if let Some(place) = places().take(call) {
                return Self(place);
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// The call itself begins only now: until here its thread waited for leave to make it, which is no part of its limit.
    /// False, and it must not begin, once the process leaves.
    #[must_use = "a call must not begin in a process that leaves"]
    pub fn begins(&self) -> bool {
        places().restart(self.0)
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        places().set(self.0, None);
    }
}

impl Places {
    const fn new() -> Self {
        let taken = [None; PLACES];
        Self { taken, leaving: false, session_limit: LOGIN_LIMIT, board: None, orders: None }
    }

    fn take(&mut self, call: Call) -> Option<usize> {
        let free = self.taken.iter().position(Option::is_none).filter(|_| !self.leaving)?;
        self.set(free, Some(Place { call, by: thread::current().id(), age: 0 }));
        if self.has_to_leave() {
            self.set(free, None);
            return None;
        }
        Some(free)
    }

    fn restart(&mut self, at: usize) -> bool {
        self.taken[at].iter_mut().for_each(|place| place.age = 0);
        !self.has_to_leave()
    }

    fn has_to_leave(&mut self) -> bool {
        let is_over = |orders: &OwnedFd| seqpacket::is_at_its_end(orders, AT_ONCE);
        self.leaving |= self.orders.as_ref().is_some_and(is_over);
        self.leaving
    }

    /// Gives up the places of a thread that is in no call.
    fn clear(&mut self, by: ThreadId) {
        for at in 0..PLACES {
            if self.taken[at].is_some_and(|place| place.by == by) {
                self.set(at, None);
            }
        }
    }

    fn is_held_up_beside(&self, own: ThreadId) -> bool {
        self.taken.iter().flatten().any(|place| place.by != own && !self.is_over(*place))
    }

    fn set(&mut self, at: usize, place: Option<Place>) {
        self.taken[at] = place;
        if let Some(board) = &self.board {
            // It cannot fail but by a module that closed our descriptors, whose end is then not told.
            let _ = board.write_all_at(&[place.map_or(0, |place| place.call as u8)], at as u64);
        }
    }

    fn a_second_passed(&mut self) {
        self.taken.iter_mut().flatten().for_each(|place| place.age += 1);
    }

    fn is_over(&self, place: Place) -> bool {
        place.age > place.call.limit(self.session_limit).as_secs()
    }
}

impl Board {
    /// An empty one.
    pub fn new() -> io::Result<Self> {
        let file = memfd::memory()?;
        file.set_len(PLACES as u64)?;
        fcntl_add_seals(&file, SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
        Ok(Self(file))
    }

    /// Another descriptor of it, for the process whose calls it shows.
    pub fn share(&self) -> io::Result<OwnedFd> {
        Ok(self.0.try_clone()?.into())
    }

    /// What is under way. A process that a module took over can write what it likes, and gains time at most.
    pub fn calls(&self) -> Vec<Call> {
        let mut bytes = [0; PLACES];
        // A file in memory is read whole, or this system is at its end.
        let _ = self.0.read_exact_at(&mut bytes, 0);
        let call = |byte: &u8| Call::ALL.into_iter().find(|call| *call as u8 == *byte);
        bytes.iter().filter_map(call).collect()
    }
}

/// Shows what is under way from now on, at a token of this deadline.
pub(crate) fn show(board: OwnedFd, deadline: Duration) {
    let mut places = places();
    (places.board, places.session_limit) = (Some(File::from(board)), deadline);
}

/// No call begins any more once these orders are at their end, also before anybody read that.
pub(crate) fn heed(orders: OwnedFd) {
    places().orders = Some(orders);
}

/// No further call begins, and this thread is in none: what it had begun is over, or it waited for leave.
pub(crate) fn leave() {
    let mut places = places();
    places.leaving = true;
    places.clear(thread::current().id());
}

/// Whether this process is about to end.
pub(crate) fn is_leaving() -> bool {
    places().leaving
}

/// Whether a call of another thread is under way that is not over its limit.
pub(crate) fn hold_up() -> bool {
    places().is_held_up_beside(thread::current().id())
}

/// A second passed. Counted by who polls and not by a clock: while the machine stands still, no call is late.
pub(crate) fn a_second_passed() {
    places().a_second_passed();
}

fn places() -> MutexGuard<'static, Places> {
    PLACES_TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_shows_what_is_under_way_and_nobody_can_make_it_longer() {
        let board = Board::new().unwrap();
        assert_eq!(board.calls(), []);
        let shared = File::from(board.share().unwrap());
        shared.write_all_at(&[Call::Login as u8, 0, 99], 3).unwrap();
        shared.write_all_at(&[Call::Store as u8], 63).unwrap();
        assert_eq!(board.calls(), [Call::Login, Call::Store]);
        assert!(shared.write_all_at(&[1], 64).is_err());
        assert!(shared.set_len(0).is_err());
    }

    /// Places whose calls stand on a board, and the supervisor's end of their orders.
    fn ordered() -> (Places, Board, OwnedFd) {
        let (board, (ours, theirs)) = (Board::new().unwrap(), seqpacket::pair().unwrap());
        let shown = Some(File::from(board.share().unwrap()));
        (Places { board: shown, orders: Some(theirs), ..Places::new() }, board, ours)
    }

    fn hang_up(supervisor: &OwnedFd) {
        rustix::net::shutdown(supervisor, rustix::net::Shutdown::Write).unwrap();
    }

    #[test]
    fn no_call_begins_once_the_orders_are_at_their_end_though_nobody_read_that_yet() {
        let session = |places: &mut Places| places.take(Call::Session).is_some();
        let login = |places: &mut Places| places.restart(0);
        for begins in [session as fn(&mut Places) -> bool, login] {
            let (mut places, board, supervisor) = ordered();
            seqpacket::send(&supervisor, b"log in", &[], rustix::net::SendFlags::empty()).unwrap();
            assert_eq!(places.take(Call::Login), Some(0));
            assert!(begins(&mut places));
            hang_up(&supervisor);
            let shown = board.calls();
            assert!(!begins(&mut places), "a call begins although its host has to go");
            assert_eq!(board.calls(), shown, "what did not begin is not shown");
        }
    }

    #[test]
    fn who_leaves_is_in_no_call_any_more_and_others_are() {
        let (mut places, board, _supervisor) = ordered();
        let (own, other) = (thread::current().id(), thread::spawn(|| thread::current().id()).join().unwrap());
        let _ = (places.take(Call::Login), places.take(Call::Store));
        places.taken[1].as_mut().unwrap().by = other;
        places.clear(own);
        assert_eq!(board.calls(), [Call::Store]);
        assert!(places.is_held_up_beside(own) && !places.is_held_up_beside(other));
    }

    #[test]
    fn a_call_holds_the_end_up_until_it_is_over_its_limit_which_does_not_count_what_it_waited_for_leave() {
        let (mut places, _board, _supervisor) = ordered();
        let (own, other) = (thread::current().id(), thread::spawn(|| thread::current().id()).join().unwrap());
        let login = places.take(Call::Login).unwrap();
        assert!(!places.is_held_up_beside(own) && places.is_held_up_beside(other));
        let pass = |places: &mut Places| {
            (0..=LOGIN_LIMIT.as_secs()).for_each(|_| places.a_second_passed());
        };
        pass(&mut places);
        assert!(!places.is_held_up_beside(other), "a call that is over its limit holds nothing up");
        assert!(places.restart(login) && places.is_held_up_beside(other));
        places.set(login, None);
        let _ = places.take(Call::Generate);
        pass(&mut places);
        assert!(places.is_held_up_beside(other), "each has a limit of its own");
    }
}
