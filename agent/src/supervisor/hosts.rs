//! The hosts: one process for each token, started, heard, ended and started again.

use std::io;
use std::os::fd::OwnedFd;
use std::process::ExitStatus;

use hsm_config::Name;
use token::control::{HostState, LoginOutcome, Order, PinOrigin, Report};
use token::writes::Board;
use token::{memfd, seqpacket};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::child::{Child, News};
use super::ending::Over;
use super::host::Host;
use super::logins::{Attempt, HostId, LoginError, Word};
use super::stop::Stage;
use super::{Event, Supervisor};
use crate::ipc::link::ToFront;

/// Why a host is not started beside another.
const NOT_GONE: &str =
    "the host of an agent that was killed is still there, for it finishes what it has begun at the token";

impl Supervisor {
    /// Starts a token's host.
    pub(super) fn start_host(&mut self, token: &Name) {
        let Some(host) = self.hosts.get_mut(token) else { return };
        let started = match self.state.lock_host(token) {
            Ok(None) => Err(io::Error::other(NOT_GONE)),
            Ok(Some(lock)) => host.start(lock, self.inbox.clone()),
            Err(error) => Err(error),
        };
        match started {
            Ok(()) => self.connect(token),
            Err(error) => {
                tracing::error!(%token, %error, "the host cannot be started");
                host.state = HostState::Failed(format!("it cannot be started: {error}"));
                self.front.tell(host.word(), Vec::new());
                self.host_due(token);
            }
        }
    }

    /// Joins a host to the front by new lanes, where both are there.
    pub(super) fn connect(&mut self, token: &Name) {
        let (Some(host), Some(front)) = (self.hosts.get_mut(token), &self.front.child) else { return };
        if host.child.is_some() && host.ending.is_none() {
            match lanes(host.config.token.sessions()) {
                Ok((ours, theirs)) => {
                    host.tell(Order::Lanes, theirs);
                    front.tell(ToFront::Lanes { token: token.clone(), generation: host.generation }, ours);
                }
                Err(error) => {
                    tracing::error!(%token, %error, "there are no lanes for the host, which is started again");
                    host.end(format!("there are no lanes for it: {error}"), Over::Nothing);
                }
            }
        }
        front.tell(host.word(), Vec::new());
    }

    /// Follows a host's news; an older process's are void, since it was told to end.
    pub(super) fn host_news(&mut self, id: &HostId, news: News<Report>) {
        let Some(host) = self.hosts.get_mut(&id.0).filter(|host| host.generation == id.1) else { return };
        match news {
            News::Said(report) => match host.heard(report, Instant::now()) {
                Ok(Some(report)) => self.host_said(id, report),
                Ok(None) => {}
                Err(flood) => {
                    host.child.iter().for_each(Child::mute);
                    self.end_host(id, flood.to_string(), Over::Nothing);
                }
            },
            News::Broken => self.end_host(id, "it cannot be spoken with".into(), Over::Nothing),
            News::Ended(status) => self.host_ended(id, status),
        }
        while let Some(attempt) = self.logins.next() {
            self.attempt(attempt);
        }
    }

    fn host_said(&mut self, id: &HostId, report: Report) {
        match report {
            Report::State(state) => {
                tracing::debug!(token = %id.0, ?state, "the host's state");
                let Some(host) = self.hosts.get(&id.0) else { return };
                self.front.tell(host.word(), Vec::new());
            }
            Report::Touch(waits) => {
                let (token, generation) = id.clone();
                self.front.tell(ToFront::Touch { token, generation, waits }, Vec::new());
            }
            Report::Attempt { serial, source } => self.attempt(Attempt { host: id.clone(), serial, source }),
            Report::Outcome { serial, outcome } => self.outcome(id, &serial, &outcome),
            Report::Checkpoint { .. } | Report::LedgerKey { .. } => self.rule(id, &report),
        }
    }

    fn outcome(&mut self, id: &HostId, serial: &str, outcome: &LoginOutcome) {
        match self.logins.outcome(id, serial, outcome) {
            Ok(()) => tracing::info!(token = %id.0, ?outcome, "the login's outcome"),
            Err(LoginError::Store(error)) => {
                tracing::error!(token = %id.0, ?outcome, %error, "the login's outcome is not on disk yet");
            }
            // It left before it was allowed to try.
            Err(LoginError::NotAllowed)
                if self.hosts.get(&id.0).is_some_and(|host| host.ending.is_some()) => {}
            Err(error) => self.end_host(id, error.to_string(), Over::Nothing),
        }
    }

    fn attempt(&mut self, attempt: Attempt) {
        let id = attempt.host.clone();
        // A host that has to go is told nothing any more, and an attempt that nobody allows is none.
        let ends = self.hosts.get(&id.0).is_some_and(|host| host.ending.is_some());
        if ends {
            return;
        }
        // A login is quick. Making a token may take minutes, and its lane has a deadline.
        let quick = !matches!(attempt.source, PinOrigin::Officer(_));
        let serial = attempt.serial.clone();
        let word = self.logins.attempt(attempt);
        let Some(host) = self.hosts.get_mut(&id.0).filter(|host| host.generation == id.1) else { return };
        // What an operator means who clears the latch is what the host was told about, not whatever it named.
        if word.is_ok() {
            host.serial = Some(serial);
        }
        match word {
            Ok(Word::LogIn) => {
                host.trying = quick;
                host.load_timeout.heard();
                host.tell(Order::LogIn, Vec::new());
            }
            Ok(Word::Latched(why)) => host.tell(Order::Latched(why), Vec::new()),
            Ok(Word::Wait) => {
                tracing::debug!(token = %id.0, "it waits for the outcome of another host's login")
            }
            // Without the record no login; a new process asks again when the back-off is over.
            Err(error) => self.end_host(&id, format!("no login: {error}"), Over::Nothing),
        }
    }

    fn host_ended(&mut self, id: &HostId, status: ExitStatus) {
        self.logins.ended(id);
        let Some(host) = self.hosts.get_mut(&id.0) else { return };
        host.ended(status);
        // While the front drains, somebody may wait for the next one.
        if self.stage < Stage::Ending {
            self.front.tell(host.word(), Vec::new());
            self.host_due(&id.0);
        }
    }

    fn host_due(&mut self, token: &Name) {
        let Some(host) = self.hosts.get_mut(token) else { return };
        let wait = host.backoff.next(host.served.map(|since| since.elapsed()));
        self.later(wait, Event::HostDue(token.clone()));
    }

    /// Ends a host process, if it still is the one.
    pub(super) fn end_host(&mut self, (token, generation): &HostId, why: String, over: Over) {
        let Some(host) = self.hosts.get_mut(token).filter(|host| host.generation == *generation) else {
            return;
        };
        host.end(why, over);
        self.front.tell(host.word(), Vec::new());
    }

    /// Looks after hosts that lanes would not tell us of: whose module hangs, or that have to go and do not.
    pub(super) fn look_after_hosts(&mut self) {
        let logins = &self.logins;
        let hung = |host: &mut Host| {
            host.end_at_last();
            let may_hang = host.child.is_some() && !logins.waits(&host.id());
            Some((host.id(), may_hang.then(|| host.hangs())??))
        };
        let hung: Vec<(HostId, Over)> = self.hosts.values_mut().filter_map(hung).collect();
        for (id, over) in hung {
            self.end_host(&id, "it was silent for too long while it started or logged in".into(), over);
        }
    }

    /// Clears a token's latch and lets its host try again.
    pub(super) fn unlatch(&mut self, token: &Name) -> Result<(), String> {
        let host = self.hosts.get(token).ok_or_else(|| format!("there is no token {token}"))?;
        self.logins.unlatch(token, host.serial.clone())?;
        tracing::warn!(%token, "an operator cleared the latch");
        host.tell(Order::Retry, Vec::new());
        Ok(())
    }

    /// Passes on a client of an unlock socket.
    pub(super) fn unlock(&self, token: &Name, client: OwnedFd) {
        if let Some(host) = self.hosts.get(token) {
            host.tell(Order::Unlock, vec![client]);
        }
    }
}

impl Host {
    /// Starts its process, which holds the lock.
    fn start(&mut self, lock: OwnedFd, inbox: mpsc::Sender<Event>) -> io::Result<()> {
        self.begin();
        let id = self.id();
        let (config, board) = (memfd::seal(&self.config)?, Board::new()?);
        let shared = board.share()?;
        let child = Child::start(self.command(), inbox, move |news| Event::Host(id.clone(), news))?;
        child.tell(Order::Start, vec![config, shared, lock]);
        (self.child, self.board) = (Some(child), Some(board));
        Ok(())
    }
}

/// Both ends of so many lanes.
fn lanes(count: u8) -> io::Result<(Vec<OwnedFd>, Vec<OwnedFd>)> {
    let pairs: io::Result<Vec<_>> = (0..count).map(|_| seqpacket::pair()).collect();
    Ok(pairs?.into_iter().unzip())
}
