//! A token is given its PIN once more, for a signature: a lane asks for leave, and the token manager, who alone keeps the
//! PIN, has the attempt made durable and lets it.
//!
//! The lane tells the outcome before it goes on. One that is told by nobody counts as unclear, as everywhere; but a leave that
//! no lane takes up gives no PIN.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::login::{self, Given};
use super::token_manager::{Event, TokenManager};
use crate::control::{LoginOutcome, Report};
use crate::lane::Fault;
use crate::pin::{Pin, PinProvider};
use crate::writes::{Call, Write};

/// How long a lane waits for leave, which includes that the attempt becomes durable.
const PATIENCE: Duration = Duration::from_secs(5);
/// How soon a lane that waits sees that the token was given up.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The token manager's leave to give the PIN once.
pub(super) struct ReauthPermit {
    pin: Arc<Pin>,
    write: Arc<Write>,
    /// Whether it was taken up.
    given: bool,
    /// Where its outcome is told; once it was taken up, one that is dropped untold counts as unclear.
    outcome: Sender<LoginOutcome>,
}

impl Drop for ReauthPermit {
    fn drop(&mut self) {
        if !self.given {
            let _ = self.outcome.send(LoginOutcome::NotGiven("the lane waits no longer".into()));
        }
    }
}

/// A lane that asks for leave.
pub(super) type ReauthRequest = Sender<Result<ReauthPermit, Fault>>;

/// What came of a lane's wish.
pub(super) enum ReauthOutcome {
    /// The token took the PIN.
    Accepted,
    /// Nobody knows yet what is the matter with the token.
    NotJudged,
    /// No PIN may be given any more; why.
    Latched(String),
}

/// The lanes' way to the token manager who has the PIN.
pub(super) struct PinBroker {
    events: Mutex<Sender<Event>>,
    over: AtomicBool,
}

impl PinBroker {
    /// Nobody gets leave before the token is served.
    pub(super) fn new(events: Sender<Event>) -> Self {
        Self { events: Mutex::new(events), over: AtomicBool::new(true) }
    }

    /// The token is served: lanes may ask.
    pub(super) fn begin(&self) {
        self.over.store(false, Ordering::Relaxed);
    }

    /// The token is served no longer: nobody gets leave, and nobody waits for it.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    fn ask(&self) -> Result<ReauthPermit, Fault> {
        let (answer, answered) = channel();
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner).clone();
        events.send(Event::Verify(answer)).map_err(|_| Fault::Starting)?;
        let until = Instant::now() + PATIENCE;
        while !self.over.load(Ordering::Relaxed) && Instant::now() < until {
            match answered.recv_timeout(POLL_INTERVAL) {
                Ok(leave) => return leave,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        Err(Fault::Starting)
    }
}

impl PinProvider for PinBroker {
    fn verify(&self, give: &mut dyn FnMut(&Pin, &Write) -> LoginOutcome) -> Result<(), Fault> {
        let mut permit = self.ask()?;
        permit.given = true;
        let outcome = give(&permit.pin, &permit.write);
        let _ = permit.outcome.send(outcome.clone());
        match outcome {
            LoginOutcome::Accepted => Ok(()),
            LoginOutcome::Refused(why) => Err(Fault::Latched(why)),
            LoginOutcome::NotGiven(why) | LoginOutcome::NotJudged(why) | LoginOutcome::Unclear(why) => {
                Err(Fault::Device(why))
            }
        }
    }
}

impl TokenManager {
    /// Lets a lane give the PIN once more, if the supervisor says so.
    pub(super) fn reauthenticate(&self, serial: &str, given: &Given, lane: &ReauthRequest) -> ReauthOutcome {
        let serial = serial.to_owned();
        // Until the outcome is told: an attempt that nobody tells the end of can latch the token.
        let write = Arc::new(Write::begin(Call::Login));
        self.send(&Report::Attempt { serial: serial.clone(), source: given.origin.clone() });
        if let Some(why) = login::latched(self, &serial, &write) {
            let _ = lane.send(Err(Fault::Latched(why.clone())));
            return ReauthOutcome::Latched(why);
        }
        let (outcome, told) = channel();
        let (pin, shown) = (Arc::clone(&given.pin), Arc::clone(&write));
        // A lane that is gone drops it, as one does that goes without taking it up.
        let _ = lane.send(Ok(ReauthPermit { pin, write: shown, given: false, outcome }));
        let outcome = told.recv().unwrap_or_else(|_| LoginOutcome::Unclear("nobody told the outcome".into()));
        self.send(&Report::Outcome { serial, outcome: outcome.clone() });
        match outcome {
            LoginOutcome::Accepted => ReauthOutcome::Accepted,
            LoginOutcome::Refused(code) => ReauthOutcome::Latched(login::refused(self, &code)),
            LoginOutcome::NotGiven(_) | LoginOutcome::NotJudged(_) | LoginOutcome::Unclear(_) => {
                ReauthOutcome::NotJudged
            }
        }
    }
}
