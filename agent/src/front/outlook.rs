//! What stands in whose way now: what the front knows, handed to the one judgement of [`readiness`](crate::keys::readiness).
//!
//! Nothing is judged here and nothing is kept: each question is answered from what is known at that moment.

use std::fmt;

use hsm_config::{Connector, Name};
use token::KeyLocation;
use token::lane::KeyReport;

use super::Front;
use crate::keys::readiness::{self, Agent, Checkpoint, Key, Reason, Token};
use crate::records::clock::Reading;

/// What a reason is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    /// The agent as a whole, and so every connector.
    Agent,
    /// The log's checkpoints, and so no connector.
    Log,
    /// A connector on all of its tokens.
    Connector(Name),
    /// A connector's key on a token.
    Key(Name, Name),
    /// A token, whichever connectors it serves.
    Token(Name),
}

/// All that blocks, fails or is to be noted now.
pub(crate) fn all(front: &Front) -> Vec<(Subject, Reason)> {
    let mut all: Vec<_> = agent(front).into_iter().map(|reason| (Subject::Agent, reason)).collect();
    all.extend(log(front).map(|reason| (Subject::Log, reason)));
    for (name, config) in front.policy().connectors() {
        all.extend(connector(front, name).map(|reason| (Subject::Connector(name.clone()), reason)));
        for token in &config.tokens {
            let subject = Subject::Key(name.clone(), token.clone());
            let reasons = key(front, (name, config), token);
            all.extend(reasons.into_iter().map(|reason| (subject.clone(), reason)));
        }
    }
    for name in front.tokens.names() {
        all.extend(token(front, name).map(|reason| (Subject::Token(name.clone()), reason)));
    }
    all
}

/// Whether a sign-in can succeed now by a connector: nothing is in its way or in everybody's, and it has a key that serves.
pub(crate) fn serves(front: &Front, (name, config): (&Name, &Connector)) -> bool {
    let of_key = |token| key(front, (name, config), token);
    readiness::serves(&agent(front))
        && readiness::serves(connector(front, name).as_slice())
        && config.tokens.iter().any(|token| readiness::serves(&of_key(token)))
}

/// What concerns every connector.
pub(crate) fn agent(front: &Front) -> Vec<Reason> {
    let agent = Agent {
        clock_stepped: front.clock.stepped(Reading::now()),
        ledger_fails: front.journal.failing(),
        log_is_new: log_is_new(front),
    };
    agent.judge()
}

/// What concerns the log's checkpoints, where a token has their key.
pub(crate) fn log(front: &Front) -> Option<Reason> {
    let checkpoints = &front.checkpoints;
    checkpoints.token()?;
    let key = front.with_lifecycle(|lifecycle| lifecycle.ledger().current(checkpoints.origin())?.pin());
    let (age, bound) = checkpoints.age();
    let failure = checkpoints.failure();
    let checkpoint = Checkpoint {
        origin: checkpoints.origin(),
        has_key: key.is_some(),
        is_known: key.is_some_and(|key| checkpoints.last(&key).is_some()),
        age,
        bound,
        failing: failure.as_deref(),
    };
    checkpoint.judge()
}

/// What concerns a connector on all of its tokens.
pub(crate) fn connector(front: &Front, name: &Name) -> Option<Reason> {
    frozen(front, name).map(|why| Reason::Frozen(name.clone(), why))
}

/// Why a connector is frozen, if it is.
pub(crate) fn frozen(front: &Front, name: &Name) -> Option<String> {
    let why = front.with_lifecycle(|lifecycle| lifecycle.frozen().get(name.as_str()).cloned());
    front.gates.gate(name).frozen().then(|| why.unwrap_or_default())
}

/// What concerns a connector's key on one of its tokens.
pub(crate) fn key(front: &Front, (name, connector): (&Name, &Connector), token: &Name) -> Vec<Reason> {
    let standing = front.connectors.standing(name, token);
    let failing = front.tokens.pace(token).and_then(|(pace, _)| pace.failure);
    let key = Key {
        name,
        token,
        connector,
        standing: standing.key.as_ref().map(|active| active.key.public.kind()),
        dates: standing.dates,
        failing: failing.as_deref(),
    };
    key.judge(Reading::now().seconds())
}

/// What concerns a token, whichever connectors it serves.
pub(crate) fn token(front: &Front, name: &Name) -> Option<Reason> {
    let host = front.tokens.host(name);
    let failing = front.tokens.pace(name).and_then(|(pace, _)| pace.failure);
    Token { name, host: host.as_ref(), failing: failing.as_deref() }.judge()
}

/// A log that knows no key, beside certificates or keys that only a log of ours can have named.
pub(crate) fn log_is_new(front: &Front) -> bool {
    // A place of its module's naming may hold what was there before us.
    let is_ours = |report: &KeyReport| report.id.is_some_and(|id| KeyLocation::of(id).is_none());
    front.with_lifecycle(|lifecycle| lifecycle.keys().is_empty() && lifecycle.ledger().is_empty())
        && (!front.kept.is_empty() || front.tokens.hold(is_ours))
}

impl Subject {
    /// Its connector and its token, as far as it is about one.
    pub(super) fn names(&self) -> [Option<&Name>; 2] {
        match self {
            Self::Agent | Self::Log => [None, None],
            Self::Connector(connector) => [Some(connector), None],
            Self::Key(connector, token) => [Some(connector), Some(token)],
            Self::Token(token) => [None, Some(token)],
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent => f.write_str("the agent"),
            Self::Log => f.write_str("the log"),
            Self::Connector(name) | Self::Token(name) => name.fmt(f),
            Self::Key(connector, token) => write!(f, "{connector} on {token}"),
        }
    }
}
