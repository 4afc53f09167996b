//! Which of a connector's tokens signs: the one that is free first, and another one where that fails.
//!
//! Each token holds a key of its own, so what goes elsewhere is composed anew there: other thumbprint, other `jti`, other
//! intent. A route visits each token once. A lone token that failed without our knowing what became of the question is
//! asked once more: at once, or, where the failure ends its host, as soon as another is there. For that one also those
//! wait whose host went with their question, and those who come meanwhile, as long as its absence is waited for; and all
//! waits of one request together have a bound, which its caller can know.

use std::mem::take;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::Problem;
use hsm_config::{Connector, Name};
use ledger::Caller;
use token::lane::Fault;
use tokio::time::sleep;

use super::in_flight::InFlight;
use super::policy::Refusal;
use super::signed::WrongSignature;
use crate::front::Front;
use crate::keys::connectors::ActiveKey;
use crate::tokens::{AskError, LanePermit, RequesterId};

/// How often a request may lose its host unanswered and be asked again: it is hardly the cause, but one that is must not
/// end host after host.
const MAX_LOST: u8 = 2;
/// How long a token whose host is there and not logged in is left alone before it is asked again: each time is an intent and a
/// void, and a login takes a part of a second.
const LOGIN_PAUSE: Duration = Duration::from_millis(100);

/// The tokens that are left to ask.
pub struct Route {
    connector: Name,
    keys: Vec<Arc<ActiveKey>>,
    requester: RequesterId,
    /// Until when it waits, for whatever there is to wait for.
    until: Instant,
    /// What the last token said.
    problem: Option<Problem>,
    /// Whether there was one token only, which was not asked once more yet.
    may_repeat: bool,
    /// How often its host went with it.
    lost: u8,
    /// Whether a token's next host may do it.
    may_wait: bool,
    /// Whether a host was asked that is not logged in, of which no news comes.
    must_pause: bool,
    /// Whether what was too old for its token's host may be composed once more.
    may_redate: bool,
    /// Whether it has not turned away yet from a token that failed while it waited there.
    may_turn: bool,
}

/// Why a token's signature did not come.
#[derive(Debug)]
pub enum Miss {
    /// The token failed.
    Token(AskError),
    /// What it signed is not the pinned key's.
    Wrong(WrongSignature),
    /// Something else failed; another token would not help.
    Ours(Problem),
}

impl Route {
    /// The connector's tokens that may sign now, or will as soon as their host is replaced.
    pub fn of(front: &Front, name: &Name, connector: &Connector, caller: &Caller) -> Result<Self, Problem> {
        let (keys, may_wait) = match front.active(name, connector) {
            Ok(keys) => (keys, false),
            Err(_) if front.tokens.is_coming(&connector.tokens) => (Vec::new(), true),
            Err(why) => return Err(front.tokens.inactive(why)),
        };
        Ok(Self {
            connector: name.clone(),
            may_repeat: keys.len() <= 1,
            keys,
            requester: Some(caller.clone()),
            until: Instant::now() + front.tokens.patience(&connector.tokens),
            problem: None,
            lost: 0,
            may_wait,
            must_pause: false,
            may_redate: true,
            may_turn: true,
        })
    }

    /// The next token's key, and a permit to ask there.
    pub async fn next(
        &mut self,
        front: &Front,
        in_flight: &InFlight,
    ) -> Result<(Arc<ActiveKey>, LanePermit), Problem> {
        loop {
            while let Some(key) = self.best(front) {
                match front.tokens.permit(&key.key.token, &self.requester, self.until).await {
                    Ok(_) if self.turns(front, &key.key.token) => self.keys.push(key),
                    Ok(permit) => return Ok((key, permit)),
                    Err(error) => {
                        // Nothing was asked of a host that went meanwhile.
                        self.may_wait |= matches!(error, AskError::Gone);
                        self.problem = Some(error.told(Some(&key.key.token)));
                    }
                }
            }
            if !take(&mut self.may_wait) {
                return Err(self.problem.take().unwrap_or_else(|| AskError::Gone.told(None)));
            }
            if take(&mut self.must_pause) {
                sleep(LOGIN_PAUSE).await;
            }
            self.keys = self.awaited(front, in_flight).await?;
            self.may_repeat &= self.keys.len() == 1;
        }
    }

    /// A token did not sign: goes on to the next one if that may help.
    pub fn missed(&mut self, key: Arc<ActiveKey>, miss: Miss) -> Result<(), Problem> {
        let error = match miss {
            Miss::Token(error) if error.is_the_tokens() => error,
            Miss::Wrong(error) => {
                self.problem = Some(error.into());
                return Ok(());
            }
            // It waited for too long, or the clock was moved under it: the front's own, asked again, says which.
            Miss::Token(error @ AskError::Fault(Fault::Untimely(_))) if take(&mut self.may_redate) => {
                self.problem = Some(error.told(Some(&key.key.token)));
                self.keys.push(key);
                return Ok(());
            }
            Miss::Token(error) => return Err(error.told(Some(&key.key.token))),
            Miss::Ours(problem) => return Err(problem),
        };
        self.problem = Some(error.told(Some(&key.key.token)));
        match &error {
            AskError::Fault(Fault::Device(_)) if take(&mut self.may_repeat) => self.keys.push(key),
            AskError::Fault(Fault::Broken(_)) => self.may_wait |= take(&mut self.may_repeat),
            AskError::Gone => {
                self.may_wait |= self.lost < MAX_LOST;
                self.lost = self.lost.saturating_add(1);
            }
            // Nothing was done: the login is not back yet. It is asked again as long as that may take.
            AskError::Fault(Fault::Starting) => (self.may_wait, self.must_pause) = (true, true),
            _ => {}
        }
        Ok(())
    }

    /// The connector's keys, once a token that went is back. A gate that was shut ends the wait.
    async fn awaited(&mut self, front: &Front, in_flight: &InFlight) -> Result<Vec<Arc<ActiveKey>>, Problem> {
        loop {
            in_flight.open()?;
            let rules = front.policy();
            let connector = rules.connector(&self.connector).ok_or(Refusal::Connector)?;
            let why = match front.active(&self.connector, connector) {
                Ok(mut keys) => {
                    keys.retain(|key| front.tokens.is_back(&key.key.token));
                    if !keys.is_empty() {
                        return Ok(keys);
                    }
                    AskError::Gone.told(None)
                }
                Err(why) => front.tokens.inactive(why),
            };
            match front.tokens.await_news(&connector.tokens, &self.requester, self.until).await {
                Ok(()) => {}
                Err(AskError::Gone) => return Err(self.problem.take().unwrap_or(why)),
                Err(error) => return Err(error.told(None)),
            }
        }
    }

    /// Whether a token failed while this request waited for its turn there, and a better one is left.
    fn turns(&mut self, front: &Front, token: &Name) -> bool {
        let is_doubtful = |token| front.tokens.is_doubtful(token);
        let is_in_vain = is_doubtful(token) && !self.keys.iter().all(|key| is_doubtful(&key.key.token));
        is_in_vain && take(&mut self.may_turn)
    }

    fn best(&mut self, front: &Front) -> Option<Arc<ActiveKey>> {
        let best = front.tokens.best(self.keys.iter().map(|key| &key.key.token), &self.requester)?;
        let at = self.keys.iter().position(|key| key.key.token == *best)?;
        Some(self.keys.remove(at))
    }
}

impl From<AskError> for Miss {
    fn from(error: AskError) -> Self {
        Self::Token(error)
    }
}

impl From<WrongSignature> for Miss {
    fn from(error: WrongSignature) -> Self {
        Self::Wrong(error)
    }
}

impl From<Problem> for Miss {
    fn from(problem: Problem) -> Self {
        Self::Ours(problem)
    }
}
