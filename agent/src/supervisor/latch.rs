//! The PIN latch: what is known about logins to one token, by its serial, and whether the next may be tried.
//!
//! A PIN that a token refused, or that it may have refused (an attempt whose outcome nobody told), latches the token
//! until an operator says so; and the file that it came from is never tried again on this token, whatever the operator
//! says. Sources are told apart by file, never by anything computed from the PIN. All here is pure; [`Store`] makes
//! each record durable before anyone acts on it.

use hsm_config::Name;
use serde::{Deserialize, Serialize};
use token::control::{LoginOutcome, PinOrigin};

mod store;
#[cfg(test)]
mod tests;

pub(super) use store::{Store, StoreError};

/// Why a source is not tried although the latch is clear.
const SPENT: &str = "the token refused the PIN of this very file before, or may have: replace the file (or touch it, if \
                     its PIN is right), and it is tried";

/// What is known about logins to the token with this serial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Latch {
    /// The token's serial number, as the token says it.
    pub(super) serial: String,
    /// Under which name it was last configured.
    pub(super) token: Name,
    /// The source whose PIN the token accepted last.
    accepted: Option<PinOrigin>,
    last: Last,
    /// Sources that were refused, or may have been, before the latch was cleared. Each took an operator to get here,
    /// who cleared the latch and replaced the file, so they stay few.
    #[serde(default)]
    spent: Vec<PinOrigin>,
    /// Counts the attempts of all tokens, to tell which of two serials was tried last; clocks go back.
    #[serde(default)]
    number: u64,
    /// Whether only the security officer's PIN was ever tried: then it is perhaps no serial number but a slot's
    /// description, which the next blank token has as well.
    #[serde(default)]
    blank: bool,
}

/// What came of the last login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Last {
    /// Nothing that speaks against another.
    Clear,
    /// It began, and nobody told its outcome yet.
    Attempt {
        source: PinOrigin,
        at: String,
        /// Whether it repeats an attempt that was left over.
        retried: bool,
    },
    /// The token refused the PIN.
    Refused { source: PinOrigin, at: String, code: String },
}

/// Whether a login may be tried.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Yes, once this record is durable.
    LogIn(Latch),
    /// Not before an operator clears the latch or replaces the source; why.
    Latched(String),
}

impl Latch {
    /// A token that was never logged in to.
    pub(super) fn new(serial: &str, token: &Name) -> Self {
        Self {
            serial: serial.into(),
            token: token.clone(),
            accepted: None,
            last: Last::Clear,
            spent: Vec::new(),
            number: 0,
            blank: true,
        }
    }

    /// Decides about a login with a PIN from this source.
    pub(super) fn decide(&self, source: &PinOrigin, at: &str) -> Decision {
        let retried = match &self.last {
            Last::Clear if self.spent.contains(source) => return Decision::Latched(SPENT.into()),
            Last::Clear => false,
            Last::Refused { at, code, .. } => {
                return self.latched(format!("the PIN was refused at {at} ({code})"));
            }
            Last::Attempt { at, source: left, retried }
                if *retried || left != source || !self.knows(source) =>
            {
                return self.latched(format!("nobody told the outcome of the login at {at}"));
            }
            Last::Attempt { .. } => true,
        };
        let last = Last::Attempt { source: source.clone(), at: at.into(), retried };
        let blank = self.blank && matches!(source, PinOrigin::Officer(_));
        Decision::LogIn(Self { last, blank, ..self.clone() })
    }

    /// Whether the attempt on record could be repeated if nobody told its outcome.
    pub(super) fn spares_a_try(&self) -> bool {
        matches!(&self.last, Last::Attempt { source, retried: false, .. } if self.knows(source))
    }

    /// The record after the outcome of an attempt; the same where there was no attempt.
    pub(super) fn judged(&self, outcome: &LoginOutcome, at: &str) -> Self {
        let Last::Attempt { source, at: began, retried } = &self.last else { return self.clone() };
        let (accepted, last) = match outcome {
            LoginOutcome::Accepted => (Some(source.clone()), Last::Clear),
            // A source that was accepted once and is refused now is no longer one to try twice.
            LoginOutcome::Refused(code) => {
                (None, Last::Refused { source: source.clone(), at: at.into(), code: code.clone() })
            }
            // No try of the PIN was spent, so all is as before, also the right to one retry.
            LoginOutcome::NotJudged(_) if *retried => {
                let last = Last::Attempt { source: source.clone(), at: began.clone(), retried: false };
                (self.accepted.clone(), last)
            }
            LoginOutcome::NotJudged(_) => (self.accepted.clone(), Last::Clear),
            // As if nobody had told.
            LoginOutcome::Unclear(_) => (self.accepted.clone(), self.last.clone()),
        };
        Self { accepted, last, ..self.clone() }
    }

    /// The record once an operator cleared it. A source that was refused stays known, and so does one that may have
    /// been; but the next PIN that a person types is another.
    pub(super) fn cleared(&self) -> Self {
        let mut spent = self.spent.clone();
        if let Last::Attempt { source, .. } | Last::Refused { source, .. } = &self.last
            && *source != PinOrigin::Prompt
        {
            spent.push(source.clone());
        }
        Self { accepted: None, last: Last::Clear, spent, ..self.clone() }
    }

    /// Whether this very source was accepted before. Nobody knows that of what a person types.
    fn knows(&self, source: &PinOrigin) -> bool {
        matches!(source, PinOrigin::Source(_)) && self.accepted.as_ref() == Some(source)
    }

    fn latched(&self, why: String) -> Decision {
        Decision::Latched(format!("{why}: see to the PIN, then run kunci token unlatch {}", self.token))
    }
}
