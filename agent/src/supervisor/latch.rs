//! The PIN latch: what is known about logins to one token, by its serial, and whether the next may be tried.
//!
//! A PIN that a token refused, or that it may have refused (an attempt whose outcome nobody told), latches the token
//! until an operator says so; and the file that it came from is never tried again on this token, whatever the operator
//! says. A PIN that was never accepted and that the token keeps turning away unjudged latches it too: some module may
//! count what it says it did not look at. Sources are told apart by file, never by anything computed from the PIN. All
//! here is pure; [`Store`] makes each record durable before anyone acts on it.

use hsm_config::Name;
use serde::{Deserialize, Serialize};
use token::control::{Known, LoginOutcome, PinOrigin, Seen};

mod store;
#[cfg(test)]
mod tests;

pub(super) use store::{Store, StoreError, now};

/// Why a source is not tried although the latch is clear.
const SPENT: &str = "the token refused the PIN of this very file before, or may have: replace the file (or touch it, if \
                     its PIN is right), and it is tried";

/// What is said of a token that is gone where a login before it came to no clear end.
const NOT_TOLD: &str = "nobody knows how the last login ended";

/// How often a PIN that this token never accepted is given to it although it does not judge it.
const MAX_UNJUDGED: u8 = 3;

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
    /// When the token last took its user's PIN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    opened: Option<String>,
    /// Sources that were refused, or may have been, before the latch was cleared. Each took an operator to get here,
    /// who cleared the latch and replaced the file, so they stay few.
    #[serde(default)]
    spent: Vec<PinOrigin>,
    /// Sources that the token did not judge and never accepted. Absent from a file that needs none, as agents of before
    /// wrote it and read it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    unjudged: Vec<Unjudged>,
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

/// A source that was given and not judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unjudged {
    source: PinOrigin,
    times: u8,
    /// The last time, and the token's word.
    at: String,
    code: String,
}

/// Whether a login may be tried.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Yes, once this record is durable.
    LogIn(Box<Latch>),
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
            opened: None,
            spent: Vec::new(),
            unjudged: Vec::new(),
            number: 0,
            blank: true,
        }
    }

    /// Decides about a login with a PIN from this source.
    pub(super) fn decide(&self, source: &PinOrigin, at: &str) -> Decision {
        if let Some(Unjudged { times, at, code, .. }) = self.unjudged.iter().find(|held| held.is_over()) {
            return self
                .latched(format!("the PIN was given {times} times and not judged, last at {at} ({code})"));
        }
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
        Decision::LogIn(Box::new(Self { last, blank, ..self.clone() }))
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
            LoginOutcome::NotGiven(_) | LoginOutcome::NotJudged(_) if *retried => {
                let last = Last::Attempt { source: source.clone(), at: began.clone(), retried: false };
                (self.accepted.clone(), last)
            }
            LoginOutcome::NotGiven(_) | LoginOutcome::NotJudged(_) => (self.accepted.clone(), Last::Clear),
            // As if nobody had told.
            LoginOutcome::Unclear(_) => (self.accepted.clone(), self.last.clone()),
        };
        let opens = *outcome == LoginOutcome::Accepted && !matches!(source, PinOrigin::Officer(_));
        let opened = if opens { Some(at.into()) } else { self.opened.clone() };
        let unjudged = self.unjudged_after(source, outcome, at);
        Self { accepted, last, opened, unjudged, ..self.clone() }
    }

    /// The sources that were not judged, after this outcome for one. What the token accepted once may be given to it again
    /// and again.
    fn unjudged_after(&self, source: &PinOrigin, outcome: &LoginOutcome, at: &str) -> Vec<Unjudged> {
        let mut unjudged = self.unjudged.clone();
        let known = unjudged.iter().position(|held| held.source == *source);
        match outcome {
            LoginOutcome::NotJudged(code) if !self.knows(source) => {
                let times = known.map_or(0, |known| unjudged.swap_remove(known).times).saturating_add(1);
                unjudged.push(Unjudged { source: source.clone(), times, at: at.into(), code: code.clone() });
            }
            LoginOutcome::Accepted => unjudged.retain(|held| held.source != *source),
            _ => {}
        }
        unjudged
    }

    /// The token as it was last there, if a user ever logged in to it; and whether the end of the last login is unknown, since
    /// a kill or the token itself left it so.
    pub(super) fn known(&self) -> Option<Known> {
        let (serial, seen) = (self.serial.clone(), Seen::LoggedIn(self.opened.clone()?));
        let doubt = matches!(self.last, Last::Attempt { .. }).then(|| NOT_TOLD.into());
        Some(Known { serial, seen, doubt })
    }

    /// The record once an operator cleared it. A source that was refused stays known, and so does one that may have
    /// been; but the next PIN that a person types is another.
    pub(super) fn cleared(&self) -> Self {
        let mut unjudged = self.unjudged.clone();
        let mut spent: Vec<_> =
            unjudged.extract_if(.., |held| held.is_over()).map(|held| held.source).collect();
        if let Last::Attempt { source, .. } | Last::Refused { source, .. } = &self.last {
            spent.push(source.clone());
        }
        spent.retain(|source| *source != PinOrigin::Prompt);
        unjudged.retain(|held| held.source != PinOrigin::Prompt);
        Self {
            accepted: None,
            last: Last::Clear,
            spent: [&self.spent[..], &spent].concat(),
            unjudged,
            ..self.clone()
        }
    }

    /// Of two records of one token, each kept as if there were no other: what either speaks against stays spoken against, and
    /// what only one of them accepted was not accepted.
    pub(super) fn stricter(self, other: Self) -> Self {
        let (newer, older) = if self.number >= other.number { (self, other) } else { (other, self) };
        let accepted = newer.accepted.clone().filter(|source| older.accepted.as_ref() == Some(source));
        let is_older = older.last.weight() > newer.last.weight();
        let (last, dropped) = if is_older { (older.last, newer.last) } else { (newer.last, older.last) };
        // Only one of them stands; the other's source must not be given again either, once that one is cleared.
        let dropped = dropped.into_source().filter(|source| *source != PinOrigin::Prompt);
        let mut spent = newer.spent;
        for source in older.spent.into_iter().chain(dropped) {
            if !spent.contains(&source) {
                spent.push(source);
            }
        }
        let mut unjudged = newer.unjudged;
        for held in older.unjudged {
            match unjudged.iter_mut().find(|known| known.source == held.source) {
                Some(known) => known.times = known.times.saturating_add(held.times),
                None => unjudged.push(held),
            }
        }
        let (opened, blank) = (newer.opened.or(older.opened), newer.blank && older.blank);
        Self {
            serial: newer.serial,
            token: newer.token,
            accepted,
            last,
            opened,
            spent,
            unjudged,
            number: newer.number,
            blank,
        }
    }

    /// Whether this very source was accepted before. Nobody knows that of what a person types.
    fn knows(&self, source: &PinOrigin) -> bool {
        matches!(source, PinOrigin::Source(_)) && self.accepted.as_ref() == Some(source)
    }

    fn latched(&self, why: String) -> Decision {
        Decision::Latched(format!("{why}: see to the PIN, then run `kunci token unlatch {}`", self.token))
    }
}

impl Last {
    /// What speaks against another login weighs more.
    fn weight(&self) -> u8 {
        match self {
            Self::Clear => 0,
            Self::Attempt { retried: false, .. } => 1,
            Self::Attempt { retried: true, .. } => 2,
            Self::Refused { .. } => 3,
        }
    }

    /// Where the PIN is from that was refused, or may have been.
    fn into_source(self) -> Option<PinOrigin> {
        match self {
            Self::Clear => None,
            Self::Attempt { source, .. } | Self::Refused { source, .. } => Some(source),
        }
    }
}

impl Unjudged {
    /// Whether it was given often enough.
    fn is_over(&self) -> bool {
        self.times >= MAX_UNJUDGED
    }
}
