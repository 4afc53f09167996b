//! The calls under way that may write to the token, and the end of this process, which waits for them.
//!
//! A token that is kept in files can be destroyed by a kill between a truncation and a write, and a module may write in
//! any call that changes something, a login's count of tries among them. So whoever makes such a call holds a [`Write`]
//! meanwhile: nothing of ours ends the process before each is dropped or over its own limit, and none begins once the
//! process leaves. What is under way stands on a [`Board`] that the supervisor sees, also when the process is gone.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;

use rustix::fs::{SealFlags, fcntl_add_seals};

use crate::sealed;

/// How many can be under way at a time: more than the keeper and the lanes of two fronts.
const PLACES: usize = 64;
/// How often somebody who waits looks again.
pub(crate) const BREATH: Duration = Duration::from_millis(10);
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
}

/// Of this process, as the end is. Held for moments only, in which nothing is called that could hang.
static PLACES_TAKEN: Mutex<Places> =
    Mutex::new(Places { taken: [None; PLACES], leaving: false, session_limit: LOGIN_LIMIT, board: None });

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
            thread::sleep(BREATH);
        }
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        places().set(self.0, None);
    }
}

impl Places {
    fn take(&mut self, call: Call) -> Option<usize> {
        let free = self.taken.iter().position(Option::is_none).filter(|_| !self.leaving)?;
        self.set(free, Some(Place { call, by: thread::current().id(), age: 0 }));
        Some(free)
    }

    fn set(&mut self, at: usize, place: Option<Place>) {
        self.taken[at] = place;
        if let Some(board) = &self.board {
            // It cannot fail but by a module that closed our descriptors, whose end is then not told.
            let _ = board.write_all_at(&[place.map_or(0, |place| place.call as u8)], at as u64);
        }
    }

    fn is_over(&self, place: Place) -> bool {
        place.age > place.call.limit(self.session_limit).as_secs()
    }
}

impl Board {
    /// An empty one.
    pub fn new() -> io::Result<Self> {
        let file = sealed::memory()?;
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

/// No further call begins.
pub(crate) fn leave() {
    places().leaving = true;
}

/// Whether this process is about to end.
pub(crate) fn is_leaving() -> bool {
    places().leaving
}

/// Whether a call of another thread is under way that is not over its limit.
pub(crate) fn hold_up() -> bool {
    let (places, own) = (places(), thread::current().id());
    places.taken.iter().flatten().any(|place| place.by != own && !places.is_over(*place))
}

/// A second passed. Counted by who polls and not by a clock: while the machine stands still, no call is late.
pub(crate) fn a_second_passed() {
    places().taken.iter_mut().flatten().for_each(|place| place.age += 1);
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

    #[test]
    fn a_call_holds_the_end_up_until_it_is_dropped_or_over_its_limit_and_not_its_own_thread() {
        let write = Write::begin(Call::Login);
        assert!(!hold_up());
        let seen = || thread::spawn(hold_up).join().unwrap();
        assert!(seen());
        (0..=LOGIN_LIMIT.as_secs()).for_each(|_| a_second_passed());
        assert!(!seen(), "a call that is over its limit holds nothing up");
        drop(write);
        let write = Write::begin(Call::Generate);
        (0..=LOGIN_LIMIT.as_secs()).for_each(|_| a_second_passed());
        assert!(seen(), "each has a limit of its own");
        drop(write);
        assert!(!seen());
    }
}
