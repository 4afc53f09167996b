//! What is known of the log's checkpoints, judged: what an auditor would miss. It stands in no sign-in's way.

use std::time::Duration;

use super::Reason;

/// What is known of the checkpoints of a log whose key has a token.
#[derive(Clone, Copy, Debug)]
pub struct Checkpoint<'a> {
    /// The log's name.
    pub origin: &'a str,
    /// Whether the log has a key that signs them.
    pub has_key: bool,
    /// Whether it is known what that key signed last.
    pub is_known: bool,
    /// How long there has been no new one.
    pub age: Duration,
    /// How long that may be.
    pub bound: Duration,
    /// What stood in the way of the last try.
    pub failing: Option<&'a str>,
}

impl Checkpoint<'_> {
    /// What is the matter with them now.
    pub fn judge(&self) -> Option<Reason> {
        if !self.has_key {
            return Some(Reason::LedgerKeyless);
        }
        if !self.is_known {
            return Some(Reason::CheckpointsLost(self.origin.to_owned()));
        }
        let why = self.failing.unwrap_or("none was due").to_owned();
        (self.age > self.bound).then_some(Reason::CheckpointStale(self.age.as_secs(), why))
    }
}
