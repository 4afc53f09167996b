//! Which of a connector's tokens signs: the one that is free first, and another one where that fails.
//!
//! Each token holds a key of its own, so what goes elsewhere is composed anew there: other thumbprint, other `jti`, other
//! intent. A route visits each token once; a lone token that failed without our knowing what became of the question is
//! asked once more.

use std::sync::Arc;

use hsm_config::{Connector, Name};
use ledger::Caller;
use token::lane::Fault;

use crate::connectors::{ActiveKey, Inactive};
use crate::front::Front;
use crate::problem::Problem;
use crate::signed::WrongSignature;
use crate::tokens::{AskError, Asker, Seat};

/// The tokens that are left to ask.
pub struct Route {
    keys: Vec<Arc<ActiveKey>>,
    asker: Asker,
    /// What the last token said.
    problem: Option<Problem>,
    /// Whether there was one token only, which was not asked once more yet.
    may_repeat: bool,
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
    /// The connector's tokens that may sign now.
    pub fn of(front: &Front, name: &Name, connector: &Connector, caller: &Caller) -> Result<Self, Inactive> {
        let keys = front.connectors.active(name, connector)?;
        let may_repeat = keys.len() == 1;
        Ok(Self { keys, asker: Some(caller.clone()), problem: None, may_repeat })
    }

    /// The next token's key, and a seat there.
    pub async fn next(&mut self, front: &Front) -> Result<(Arc<ActiveKey>, Seat), Problem> {
        while let Some(key) = self.best(front) {
            match front.tokens.seat(&key.key.token, &self.asker).await {
                Ok(seat) => return Ok((key, seat)),
                Err(error) => self.problem = Some(error.into()),
            }
        }
        Err(self.problem.take().unwrap_or_else(|| AskError::Gone.into()))
    }

    /// A token did not sign: goes on to the next one if that may help.
    pub fn missed(&mut self, key: Arc<ActiveKey>, miss: Miss) -> Result<(), Problem> {
        let is_unclear = matches!(miss, Miss::Token(AskError::Fault(Fault::Device(_))));
        if is_unclear && std::mem::take(&mut self.may_repeat) {
            self.keys.push(key);
        }
        self.problem = Some(match miss {
            Miss::Token(error) if error.is_the_tokens() => error.into(),
            Miss::Token(error) => return Err(error.into()),
            Miss::Wrong(error) => error.into(),
            Miss::Ours(problem) => return Err(problem),
        });
        Ok(())
    }

    fn best(&mut self, front: &Front) -> Option<Arc<ActiveKey>> {
        let best = front.tokens.best(self.keys.iter().map(|key| &key.key.token), &self.asker)?;
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

impl From<Miss> for Problem {
    fn from(miss: Miss) -> Self {
        match miss {
            Miss::Token(error) => error.into(),
            Miss::Wrong(error) => error.into(),
            Miss::Ours(problem) => problem,
        }
    }
}
