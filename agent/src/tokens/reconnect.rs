//! A token whose host went and is being replaced, and the requests that wait for it.
//!
//! A new host signs within a fraction of a second, so nobody need notice; nor does the first one take longer, for which
//! those wait who stood in the sockets' queue through a restart. How long a token is waited for follows from when it
//! went, for all alike: when each of them came is no matter of the token's. It is not waited for again before it has
//! signed or served a while: what fails time after time is refused at once. What a person has to mend, a token that is
//! away or not logged in to, is not waited for. Their queue has no lanes: it is bounded like the one in front of
//! the lanes, and left by all at once when there is news.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hsm_config::{Config, Name};
use token::control::HostState;
use tokio::time::timeout;

use super::queue::{Closed, Entry, PermitKind, Queue};
use super::{AskError, RequesterId, State, Token, Tokens, turn};

/// How long a token is waited for at least: within five seconds of whatever was in the way it is back, with a first pause,
/// a module that loads and logs in, and a survey. A longer deadline says that its token needs longer.
const RETURN: Duration = Duration::from_secs(5);
/// How long a token must have served, without signing, until it is another matter that it goes again.
const SERVED: Duration = Duration::from_secs(10);

/// Since when a token is away, and who waits for it.
pub(super) struct Reconnect {
    /// When its host went, or its login, or the front came up; nothing once it has signed again.
    since: Option<Instant>,
    /// When its last host began to serve it.
    ready: Option<Instant>,
    /// Whether it was not there since the front came up.
    first: bool,
    wait_queue: Arc<Queue>,
}

impl Reconnect {
    /// The front came up, and no host has said anything yet.
    pub(super) fn at_start() -> Self {
        Self { since: Some(Instant::now()), ready: None, first: true, wait_queue: Queue::new(0, 0) }
    }

    /// The first host is there and its keys are known, or it failed: who came in with the start knows what to think.
    pub(super) fn started(&mut self) {
        if std::mem::take(&mut self.first) {
            self.ends();
            self.rouse();
        }
    }

    /// The host went. One that goes again before it signed is away since before, unless nobody asked it to sign for long.
    pub(super) fn begins(&mut self) {
        self.first = false;
        let is_another =
            |since: &Instant| self.ready.is_some_and(|ready| ready > *since && ready.elapsed() >= SERVED);
        self.since = self.since.filter(|since| !is_another(since)).or_else(|| Some(Instant::now()));
    }

    /// It signed.
    pub(super) fn ends(&mut self) {
        self.since = None;
    }

    fn rouse(&mut self) {
        if self.wait_queue.waiting() > 0 {
            std::mem::replace(&mut self.wait_queue, Queue::new(0, 0)).shut();
        }
    }
}

impl Tokens {
    /// Whether one of these tokens is on its way back, and is waited for.
    pub fn is_coming(&self, tokens: &[Name]) -> bool {
        self.coming(tokens, Instant::now()).is_some()
    }

    /// Whether a token may be asked again: it has lanes, none of which failed, and was not waited for too long already.
    pub fn is_back(&self, name: &Name) -> bool {
        let Some(token) = self.tokens.get(name) else { return false };
        let state = token.state();
        let is_over = state.reconnect.since.is_some_and(|since| since.elapsed() >= token.reconnect_limit());
        !is_over && state.pool.as_ref().is_some_and(|pool| !pool.is_shut())
    }

    /// How long a request to any of these tokens may wait in all: for its turn, for a call before it to be found to hang,
    /// and for the next host.
    pub fn patience(&self, tokens: &[Name]) -> Duration {
        let tokens = tokens.iter().filter_map(|name| self.tokens.get(name));
        tokens.map(|token| patience(token.deadline)).max().unwrap_or_default()
    }

    /// Waits for news of a token that is on its way back, as long as that is waited for and no longer than until then. `Gone`
    /// where there is none, or it did not come in time.
    pub async fn await_news(
        &self,
        tokens: &[Name],
        requester: &RequesterId,
        until: Instant,
    ) -> Result<(), AskError> {
        let now = Instant::now();
        let (token, over) = self.coming(tokens, now).filter(|_| now < until).ok_or(AskError::Gone)?;
        let wait_queue = token.state().reconnect.wait_queue.clone();
        match wait_queue.enter(requester, PermitKind::Shared) {
            Ok(Entry::Later(news)) => {
                let left = over.min(until).saturating_duration_since(now);
                // The news is that nobody is called here any more.
                timeout(left, news).await.map(|_| ()).map_err(|_| token.given_up())
            }
            Ok(Entry::Now(_)) | Err(Closed::Shut) => Ok(()),
            Err(Closed::Full) => Err(AskError::Busy(1)),
        }
    }

    /// There is news of a token: whoever waits for it looks again.
    pub fn news(&self, token: &Name) {
        if let Some(token) = self.tokens.get(token) {
            token.state().reconnect.rouse();
        }
    }

    /// Whoever waits for any token looks again.
    pub fn rouse(&self) {
        self.tokens.values().for_each(|token| token.state().reconnect.rouse());
    }

    /// The first of these tokens that is on its way back, and until when it is waited for.
    fn coming(&self, tokens: &[Name], now: Instant) -> Option<(&Token, Instant)> {
        let coming = |name| {
            let token = self.tokens.get(name)?;
            let until = token.state().since()? + token.reconnect_limit();
            (now < until).then_some((token, until))
        };
        tokens.iter().find_map(coming)
    }
}

/// How long an answer may take that needs a token: all waits of its request, its own call, and the one before that on its lane.
pub fn longest(config: &Config) -> Duration {
    let longest = |token: &hsm_config::Token| patience(token.patience()) + token.patience() * 2;
    config.tokens.values().map(longest).max().unwrap_or_default()
}

/// How long a request may wait in all for a token with this deadline.
fn patience(deadline: Duration) -> Duration {
    turn(deadline) + reconnect_limit(deadline)
}

/// How long a token with this deadline is waited for after it went.
fn reconnect_limit(deadline: Duration) -> Duration {
    deadline.max(RETURN)
}

impl Token {
    fn reconnect_limit(&self) -> Duration {
        reconnect_limit(self.deadline)
    }

    /// Somebody waited in vain. Where everybody did, the queue is cleared of those who left.
    fn given_up(&self) -> AskError {
        let mut state = self.state();
        if state.reconnect.since.is_none_or(|since| since.elapsed() >= self.reconnect_limit()) {
            state.reconnect.rouse();
        }
        AskError::Gone
    }
}

impl State {
    /// How many requests wait, for a place or for another host.
    pub(super) fn waiting(&self) -> usize {
        self.pool.as_ref().map_or(0, |pool| pool.waiting()) + self.reconnect.wait_queue.waiting()
    }

    /// Takes the host's new state.
    pub(super) fn becomes(&mut self, host: HostState) {
        let was_served = matches!(self.host, HostState::Ready { .. });
        if was_served && matches!(host, HostState::Starting | HostState::Failed(_)) {
            self.reconnect.begins();
        } else if matches!(host, HostState::Failed(_)) {
            self.reconnect.started();
        }
        if !was_served && matches!(host, HostState::Ready { .. }) {
            self.reconnect.ready = Some(Instant::now());
        }
        self.remember(&host);
        self.host = host;
    }

    /// Since when the token is away, where only a new host is missing.
    fn since(&self) -> Option<Instant> {
        let is_due =
            matches!(self.host, HostState::Starting | HostState::Failed(_) | HostState::Ready { .. });
        self.reconnect.since.filter(|_| is_due)
    }
}

#[cfg(test)]
mod tests;
