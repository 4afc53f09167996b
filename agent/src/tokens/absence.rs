//! A token whose host went and is being replaced, and the requests that wait for it.
//!
//! A new host signs within a fraction of a second, so nobody need notice; nor does the first one take longer, for which
//! those wait who stood in the sockets' queue through a restart. A token is waited for as long as its deadline after it
//! went, and not again before it has signed: what fails time after time is refused at once. What a person has to
//! mend, a token that is away or not logged in to, is not waited for. The lobby is a queue without lanes: bounded like
//! the one in front of the lanes, and left by all at once when there is news.

use std::sync::Arc;
use std::time::Instant;

use hsm_config::Name;
use token::control::HostState;
use tokio::time::timeout;

use super::queue::{Closed, Entry, Queue, Room};
use super::{AskError, Asker, State, Token, Tokens};

/// Since when a token is away, and who waits for it.
pub(super) struct Absence {
    /// When its host went, or the front came up; nothing once it has signed again.
    since: Option<Instant>,
    /// Whether it was not there since the front came up.
    first: bool,
    lobby: Arc<Queue>,
}

impl Absence {
    /// The front came up, and no host has said anything yet.
    pub(super) fn at_start() -> Self {
        Self { since: Some(Instant::now()), first: true, lobby: Queue::new(0, 0) }
    }

    /// The first host is there and its keys are known, or it failed: who came in with the start knows what to think.
    pub(super) fn started(&mut self) {
        if std::mem::take(&mut self.first) {
            self.ends();
            self.rouse();
        }
    }

    /// The host went. One that goes again before it signed makes no new absence.
    pub(super) fn begins(&mut self) {
        self.first = false;
        self.since.get_or_insert_with(Instant::now);
    }

    /// It signed.
    pub(super) fn ends(&mut self) {
        self.since = None;
    }

    fn rouse(&mut self) {
        if self.lobby.waiting() > 0 {
            std::mem::replace(&mut self.lobby, Queue::new(0, 0)).shut();
        }
    }
}

impl Tokens {
    /// Whether one of these tokens is on its way back, and is waited for.
    pub fn is_coming(&self, tokens: &[Name]) -> bool {
        self.coming(tokens, Instant::now()).is_some()
    }

    /// Whether a token has lanes, none of which failed.
    pub fn has_lanes(&self, token: &Name) -> bool {
        let pool = self.tokens.get(token).and_then(|token| token.state().pool.clone());
        pool.is_some_and(|pool| !pool.is_shut())
    }

    /// Waits for news of a token that is on its way back; no longer than a request that began then may wait. `Gone` where
    /// there is none, or it did not come in time.
    pub async fn await_news(&self, tokens: &[Name], asker: &Asker, began: Instant) -> Result<(), AskError> {
        let (token, until) = self.coming(tokens, began).ok_or(AskError::Gone)?;
        let lobby = token.state().absence.lobby.clone();
        match lobby.enter(asker, Room::Place) {
            Ok(Entry::Later(news)) => {
                let left = until.saturating_duration_since(Instant::now());
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
            token.state().absence.rouse();
        }
    }

    /// Whoever waits for any token looks again.
    pub fn rouse(&self) {
        self.tokens.values().for_each(|token| token.state().absence.rouse());
    }

    /// The first of these tokens that is on its way back, and until when a request that began then waits for it.
    fn coming(&self, tokens: &[Name], began: Instant) -> Option<(&Token, Instant)> {
        let now = Instant::now();
        let coming = |name| {
            let token = self.tokens.get(name)?;
            let until = token.state().since()?.min(began) + token.deadline;
            (now < until).then_some((token, until))
        };
        tokens.iter().find_map(coming)
    }
}

impl Token {
    /// Somebody waited in vain. Where everybody did, the lobby is cleared of those who left.
    fn given_up(&self) -> AskError {
        let mut state = self.state();
        if state.absence.since.is_none_or(|since| since.elapsed() >= self.deadline) {
            state.absence.rouse();
        }
        AskError::Gone
    }
}

impl State {
    /// How many requests wait, for a place or for another host.
    pub(super) fn waiting(&self) -> usize {
        self.pool.as_ref().map_or(0, |pool| pool.waiting()) + self.absence.lobby.waiting()
    }

    /// Takes the host's new state.
    pub(super) fn becomes(&mut self, host: HostState) {
        let was_served = matches!(self.host, HostState::Ready { .. });
        if was_served && matches!(host, HostState::Starting | HostState::Failed(_)) {
            self.absence.begins();
        } else if matches!(host, HostState::Failed(_)) {
            self.absence.started();
        }
        self.host = host;
    }

    /// Since when the token is away, where only a new host is missing.
    fn since(&self) -> Option<Instant> {
        let is_due =
            matches!(self.host, HostState::Starting | HostState::Failed(_) | HostState::Ready { .. });
        self.absence.since.filter(|_| is_due)
    }
}

#[cfg(test)]
mod tests;
