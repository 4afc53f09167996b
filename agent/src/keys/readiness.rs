//! What a connector needs to serve, judged in one place: configuration, key, certificate, token, posture and log.
//!
//! Pure: what is known comes in, and so does the time, since dates pass without a survey. What is found *blocks* (nothing
//! is signed), *fails* (it signs, and no sign-in can succeed) or *notes*. The signing path, health, status, checks and the
//! log of a start all ask here, and nobody judges again.

mod checkpoint;
mod dates;
mod pinned;
mod reason;

use std::cmp::Reverse;

use api::{ReadinessReason, Weight};
use hsm_config::{Connector, KeyType, Name};
use token::control::HostState;

pub use checkpoint::Checkpoint;
pub use dates::Dates;
pub use pinned::{EligibleKey, KeyPolicy, fit, makes, pinned, unpinned};
pub use reason::Reason;

/// What is known of a connector's key on a token.
pub struct Key<'a> {
    /// The connector.
    pub name: &'a Name,
    /// The token.
    pub token: &'a Name,
    /// What is configured.
    pub connector: &'a Connector,
    /// The kind of the key that may sign, or what stood against it at the last survey.
    pub standing: Result<KeyType, &'a Reason>,
    /// When its certificate is good, as far as that is known.
    pub dates: Option<Dates>,
    /// The token's last failure, until it signs again.
    pub failing: Option<&'a str>,
}

/// What is known of a token.
pub struct Token<'a> {
    /// Its name.
    pub name: &'a Name,
    /// What its host last said.
    pub host: Option<&'a HostState>,
    /// Its last failure, until it signs again.
    pub failing: Option<&'a str>,
}

/// What is known of the agent as a whole.
#[derive(Clone, Copy, Debug, Default)]
pub struct Agent {
    /// The clock was moved and does not hold still yet.
    pub clock_stepped: bool,
    /// The ledger could not be written when it was last tried.
    pub ledger_fails: bool,
    /// The ledger knows no key at all, although certificates or keys of ours are there.
    pub log_is_new: bool,
}

impl Key<'_> {
    /// All that concerns the key now (seconds since 1970), what weighs most first.
    pub fn judge(&self, now: i64) -> Vec<Reason> {
        let blocked = self.standing.err().cloned();
        let failing = self.failing.filter(|_| blocked.is_none());
        let failing = failing.map(|why| Reason::TokenFailing(self.token.clone(), why.to_owned()));
        let dates = self.dates.and_then(|dates| dates.judge(self.name, now));
        let mut reasons: Vec<_> = [blocked, failing, dates, self.size()].into_iter().flatten().collect();
        reasons.sort_by_key(|reason| Reverse(reason.weight()));
        reasons
    }

    /// `key` in the configuration means the next key: one of another size signs on, and is told.
    fn size(&self) -> Option<Reason> {
        let kind = self.standing.ok().filter(|kind| *kind != self.connector.key)?;
        Some(Reason::KeySize(self.token.clone(), kind, self.connector.key))
    }
}

impl Token<'_> {
    /// What concerns the token itself, whether a connector has a key there or not.
    pub fn judge(&self) -> Option<Reason> {
        if !matches!(self.host, Some(HostState::Ready { .. })) {
            return Some(Reason::TokenAway(self.name.clone()));
        }
        self.failing.map(|why| Reason::TokenFailing(self.name.clone(), why.to_owned()))
    }
}

impl Agent {
    /// All that concerns every connector.
    pub fn judge(self) -> Vec<Reason> {
        let found = [
            (self.log_is_new, Reason::LogIsNew),
            (self.clock_stepped, Reason::ClockStepped),
            (self.ledger_fails, Reason::LedgerFails),
        ];
        found.into_iter().filter_map(|(holds, reason)| holds.then_some(reason)).collect()
    }
}

/// What was found as clients see it: `code` for programs, `detail` for people.
pub fn told<'a>(reasons: impl IntoIterator<Item = &'a Reason>) -> Vec<ReadinessReason> {
    reasons.into_iter().map(ReadinessReason::from).collect()
}

/// Whether a sign-in can succeed for all that was found.
pub fn serves<'a>(reasons: impl IntoIterator<Item = &'a Reason>) -> bool {
    reasons.into_iter().all(|reason| reason.weight() == Weight::Notes)
}

#[cfg(test)]
mod tests;
