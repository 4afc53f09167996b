//! One token's host as the supervisor knows it, whether or not its process runs: what it said last, for how long it may
//! be silent, and how it goes.
//!
//! A module may have taken the process over, so its words are few and short, and never more than words: texts are cut,
//! and a host that says too many is heard no more and has to go, before it costs the others anything.

use std::os::fd::OwnedFd;
use std::process::Command;
use std::time::Duration;

use token::control::{HostConfig, HostState, Known, LoginOutcome, MAX_TEXT_BYTES, Order, Report, Seen};
use token::writes::{Board, Call};
use tokio::time::Instant;

use super::backoff::Backoff;
use super::child::{Child, role};
use super::ending::{Ending, Over};
use super::latch;
use super::load_timeout::LoadTimeout;
use super::logins::HostId;
use crate::ipc::link::ToFront;

/// What a host gets of our environment, besides what its token names.
const ENVIRONMENT: [&str; 5] = ["PATH", "LANG", "CREDENTIALS_DIRECTORY", "KUNCI_LOG", "JOURNAL_STREAM"];
/// How many words, besides those of a login, a host may say in a second: many times what the fastest token gives reason for.
const MAX_WORDS: u32 = 256;
const SECOND: Duration = Duration::from_secs(1);

/// One token's host.
pub(super) struct Host {
    pub(super) config: HostConfig,
    pub(super) generation: u64,
    pub(super) child: Option<Child<Order>>,
    /// What is under way in it.
    pub(super) board: Option<Board>,
    pub(super) state: HostState,
    /// Once it has to go.
    pub(super) ending: Option<Ending>,
    pub(super) load_timeout: LoadTimeout,
    /// Whether it did not come further than its start yet.
    pub(super) starting: bool,
    /// Whether it was allowed to log in and did not tell the outcome yet.
    pub(super) trying: bool,
    pub(super) served: Option<Instant>,
    /// The serial of its last attempt that was its own to make.
    pub(super) serial: Option<String>,
    pub(super) backoff: Backoff,
    /// Words since the beginning of a second.
    words: (Instant, u32),
}

/// A host that says more than its token can give reason for.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("it said more than {MAX_WORDS} words in a second")]
pub(super) struct Flood;

impl Host {
    pub(super) fn new(config: HostConfig) -> Self {
        Self {
            config,
            generation: 0,
            child: None,
            board: None,
            state: HostState::Starting,
            ending: None,
            load_timeout: LoadTimeout::default(),
            starting: true,
            trying: false,
            served: None,
            serial: None,
            backoff: Backoff::default(),
            words: (Instant::now(), 0),
        }
    }

    pub(super) fn id(&self) -> HostId {
        (self.config.name.clone(), self.generation)
    }

    /// Forgets the process of before.
    pub(super) fn begin(&mut self) {
        self.generation += 1;
        (self.state, self.starting, self.trying, self.served) = (HostState::Starting, true, false, None);
        self.words = (Instant::now(), 0);
        self.ending = None;
        self.load_timeout.started();
    }

    pub(super) fn tell(&self, order: Order, fds: Vec<OwnedFd>) {
        if let Some(child) = &self.child {
            child.tell(order, fds);
        }
    }

    /// What is under way in its process that may write to the token; after the process, what was.
    pub(super) fn calls(&self) -> Vec<Call> {
        self.board.as_ref().map(Board::calls).unwrap_or_default()
    }

    /// What of it hangs, where its module should have come back by now. A host that waits for a token or a person is not
    /// hung.
    pub(super) fn hangs(&mut self) -> Option<Over> {
        let call = match (self.trying, self.starting) {
            (true, _) => Some(Call::Login),
            // No lane works yet: what is under way is its token manager's.
            (false, true) => self.calls().into_iter().next(),
            (false, false) => return None,
        };
        tracing::debug!(token = %self.config.name, ?call, "its module has not come back yet");
        let is_over = self.load_timeout.is_over(call, self.config.token.deadline);
        is_over.then_some(Over::Silence(call))
    }

    /// Takes a word of the host's: the word to act on, or none where it says nothing new.
    pub(super) fn heard(&mut self, report: Report, now: Instant) -> Result<Option<Report>, Flood> {
        self.load_timeout.heard();
        let report = cut(report);
        match &report {
            // Each is answered before the next, and has its record on disk.
            Report::Attempt { .. } => {}
            Report::Outcome { .. } => self.trying = false,
            Report::Touch(_) | Report::Checkpoint { .. } | Report::LedgerKey { .. } => self.count(now)?,
            Report::State(state) => {
                self.count(now)?;
                self.starting &= *state == HostState::Starting;
                // Why a host has to go is said for it, unless it fails and says that itself: its lanes may be heard to
                // end before it.
                match (&mut self.ending, state) {
                    (Some(ending), HostState::Failed(own)) => ending.why.clone_from(own),
                    (Some(_), _) => return Ok(None),
                    (None, _) => {}
                }
                if let HostState::Ready { serial } = state {
                    self.served.get_or_insert(now);
                    self.load_timeout.served();
                    let seen = Seen::Last(latch::now());
                    self.config.known = Some(Known { serial: serial.clone(), seen, doubt: None });
                }
                if self.state == *state {
                    return Ok(None);
                }
                self.state = state.clone();
            }
        }
        Ok(Some(report))
    }

    fn count(&mut self, now: Instant) -> Result<(), Flood> {
        let (since, words) = &mut self.words;
        if now.duration_since(*since) >= SECOND {
            (*since, *words) = (now, 0);
        }
        *words += 1;
        if *words <= MAX_WORDS { Ok(()) } else { Err(Flood) }
    }

    pub(super) fn word(&self) -> ToFront {
        let (token, generation) = self.id();
        ToFront::Host { token, generation, state: self.state.clone() }
    }

    /// What its process runs.
    pub(super) fn command(&self) -> Command {
        let mut command = role(&["host", self.config.name.as_str()]);
        command.env_clear().envs(&self.config.token.env).env("RUST_BACKTRACE", "0");
        command.envs(ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        command
    }
}

/// The same word with no text longer than it may be. A serial number is left: its own limit refuses it.
fn cut(report: Report) -> Report {
    let short = |mut text: String| {
        let end = (0..=MAX_TEXT_BYTES).rev().find(|end| text.is_char_boundary(*end));
        text.truncate(end.unwrap_or_default());
        text
    };
    match report {
        Report::State(state) => Report::State(match state {
            HostState::Missing(why) => HostState::Missing(short(why)),
            HostState::Latched(why) => HostState::Latched(short(why)),
            HostState::NoPin(why) => HostState::NoPin(short(why)),
            HostState::Refused(why) => HostState::Refused(short(why)),
            HostState::Failed(why) => HostState::Failed(short(why)),
            HostState::Ready { serial } => HostState::Ready { serial: short(serial) },
            state @ (HostState::Starting | HostState::Locked) => state,
        }),
        Report::Outcome { serial, outcome } => {
            let outcome = match outcome {
                LoginOutcome::Accepted => LoginOutcome::Accepted,
                LoginOutcome::Refused(code) => LoginOutcome::Refused(short(code)),
                LoginOutcome::NotGiven(why) => LoginOutcome::NotGiven(short(why)),
                LoginOutcome::NotJudged(why) => LoginOutcome::NotJudged(short(why)),
                LoginOutcome::Unclear(why) => LoginOutcome::Unclear(short(why)),
            };
            Report::Outcome { serial, outcome }
        }
        report @ (Report::Attempt { .. }
        | Report::Touch(_)
        | Report::Checkpoint { .. }
        | Report::LedgerKey { .. }) => report,
    }
}

#[cfg(test)]
mod tests;
