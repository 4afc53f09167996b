//! The hosts: one process for each token, started, heard, killed and started again.

use std::io;
use std::os::fd::OwnedFd;
use std::process::ExitStatus;

use hsm_config::Name;
use token::control::{HostState, LoginOutcome, Order, PinOrigin, Report};
use token::{sealed, seqpacket};
use tokio::time::Instant;

use super::child::{Child, News};
use super::host::Host;
use super::logins::{Attempt, HostId, LoginError, Word};
use super::{Event, Supervisor};
use crate::link::ToFront;

impl Supervisor {
    /// Starts a token's host.
    pub(super) fn start_host(&mut self, token: &Name) {
        let Some(host) = self.hosts.get_mut(token) else { return };
        host.begin();
        let id = host.id();
        let event = move |news| Event::Host(id.clone(), news);
        let started = sealed::seal(&host.config)
            .and_then(|config| Ok((config, Child::start(host.command(), self.inbox.clone(), event)?)));
        match started {
            Ok((config, child)) => {
                child.tell(Order::Start, vec![config]);
                host.child = Some(child);
                self.connect(token);
            }
            Err(error) => {
                tracing::error!(%token, %error, "the host cannot be started");
                self.host_due(token);
            }
        }
    }

    /// Joins a host to the front by new lanes, where both are there.
    pub(super) fn connect(&mut self, token: &Name) {
        let (Some(host), Some(front)) = (self.hosts.get(token), &self.front.child) else { return };
        if host.child.is_some() {
            match lanes(host.config.token.sessions()) {
                Ok((ours, theirs)) => {
                    host.tell(Order::Lanes, theirs);
                    front.tell(ToFront::Lanes { token: token.clone(), generation: host.generation }, ours);
                }
                Err(error) => {
                    tracing::error!(%token, %error, "there are no lanes for the host, which is started again");
                    host.kill();
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
                Err(flood) => host.fail(flood.to_string()),
            },
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
        }
    }

    fn outcome(&mut self, id: &HostId, serial: &str, outcome: &LoginOutcome) {
        match self.logins.outcome(id, serial, outcome) {
            Ok(()) => tracing::info!(token = %id.0, ?outcome, "the login's outcome"),
            Err(LoginError::Store(error)) => {
                tracing::error!(token = %id.0, ?outcome, %error, "the login's outcome is not on disk yet");
            }
            Err(error) => {
                if let Some(host) = self.hosts.get_mut(&id.0) {
                    host.fail(error.to_string());
                }
            }
        }
    }

    fn attempt(&mut self, attempt: Attempt) {
        // A login that begins on the way down is cut short, and would latch its token.
        if self.stopping {
            return;
        }
        let id = attempt.host.clone();
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
            Ok(Word::LogIn { again }) => {
                host.trying = quick;
                host.patience.logs_in(again);
                host.tell(Order::LogIn, Vec::new());
            }
            Ok(Word::Latched(why)) => host.tell(Order::Latched(why), Vec::new()),
            Ok(Word::Wait) => {}
            // Without the record no login; a new process asks again when the back-off is over.
            Err(error) => host.fail(format!("no login: {error}")),
        }
    }

    fn host_ended(&mut self, id: &HostId, status: ExitStatus) {
        self.logins.ended(id);
        let Some(host) = self.hosts.get_mut(&id.0) else { return };
        host.child = None;
        if !matches!(host.state, HostState::Failed(_)) {
            host.state = HostState::Failed(format!("its process ended ({status}) and is started again"));
        }
        if !self.stopping {
            tracing::warn!(token = %id.0, %status, "the host ended");
            self.front.tell(host.word(), Vec::new());
            self.host_due(&id.0);
        }
    }

    fn host_due(&mut self, token: &Name) {
        let Some(host) = self.hosts.get_mut(token) else { return };
        let wait = host.backoff.next(host.served.map(|since| since.elapsed()));
        self.later(wait, Event::HostDue(token.clone()));
    }

    /// Kills a host process, if it still is the one.
    pub(super) fn kill_host(&self, token: &Name, generation: u64, why: &str) {
        if let Some(host) = self.hosts.get(token).filter(|host| host.generation == generation) {
            tracing::warn!(%token, why, "the host is killed");
            host.kill();
        }
    }

    /// Kills the hosts whose module hangs where no lane would notice.
    pub(super) fn kill_hung(&mut self) {
        let logins = &self.logins;
        let hung = |host: &mut Host| {
            let hangs = host.child.is_some() && !logins.waits(&host.id()) && host.is_hung();
            hangs.then(|| host.id())
        };
        let hung: Vec<HostId> = self.hosts.values_mut().filter_map(hung).collect();
        for (token, generation) in hung {
            self.kill_host(&token, generation, "it was silent for too long while it started or logged in");
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

/// Both ends of so many lanes.
fn lanes(count: u8) -> io::Result<(Vec<OwnedFd>, Vec<OwnedFd>)> {
    let pairs: io::Result<Vec<_>> = (0..count).map(|_| seqpacket::pair()).collect();
    Ok(pairs?.into_iter().unzip())
}
