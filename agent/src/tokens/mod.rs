//! The tokens as the front knows them: each one's host state, its lanes, and what its last survey said.
//!
//! The front never sees a module or a PIN. It asks over lanes, one request after the other on each, and tells the
//! supervisor to kill a host whose lane missed its deadline.

mod lane;
mod pool;

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hsm_config::{Flaw, Name};
use token::control::HostState;
use token::lane::{Done, KeyReport, TokenReport, Work};
use tokio::sync::mpsc::UnboundedSender;

pub use pool::AskError;
use pool::Pool;

use crate::link::FromFront;

/// How long a host may take to generate a key, store a certificate or initialise a token.
pub const SLOW_DEADLINE: Duration = Duration::from_secs(180);

/// All configured tokens.
pub struct Tokens {
    tokens: BTreeMap<Name, Token>,
    supervisor: UnboundedSender<FromFront>,
}

/// One token.
pub struct Token {
    deadline: Duration,
    exceptions: Vec<Flaw>,
    state: Mutex<State>,
}

struct State {
    host: HostState,
    generation: u64,
    pool: Option<Arc<Pool>>,
    survey: Option<Survey>,
}

/// What a host last said of its token.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The token.
    pub token: TokenReport,
    /// Every key with a label of Kunci's.
    pub keys: Vec<KeyReport>,
}

impl Tokens {
    /// The configured tokens, none of them there yet.
    pub fn new(config: &hsm_config::Config, supervisor: UnboundedSender<FromFront>) -> Self {
        let token = |(name, token): (&Name, &hsm_config::Token)| {
            let state = State { host: HostState::Starting, generation: 0, pool: None, survey: None };
            let exceptions = token.exceptions.clone();
            (name.clone(), Token { deadline: token.patience(), exceptions, state: Mutex::new(state) })
        };
        Self { tokens: config.tokens.iter().map(token).collect(), supervisor }
    }

    /// Every token's name.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.tokens.keys()
    }

    /// A token's host state.
    pub fn host(&self, token: &Name) -> Option<HostState> {
        self.tokens.get(token).map(|token| token.state().host.clone())
    }

    /// What the configuration excuses of every key on a token.
    pub fn exceptions(&self, token: &Name) -> &[Flaw] {
        self.tokens.get(token).map_or(&[], |token| &token.exceptions)
    }

    /// Whether this host process of a token serves it.
    pub fn serves(&self, token: &Name, generation: u64) -> bool {
        let ready = |state: &State| matches!(state.host, HostState::Ready { .. });
        self.tokens
            .get(token)
            .map(Token::state)
            .is_some_and(|state| state.generation == generation && ready(&state))
    }

    /// The last survey, while the token is there.
    pub fn survey(&self, token: &Name) -> Option<Survey> {
        self.tokens.get(token)?.state().survey.clone()
    }

    /// Keeps a survey.
    pub fn surveyed(&self, token: &Name, survey: Survey) {
        if let Some(token) = self.tokens.get(token) {
            token.state().survey = Some(survey);
        }
    }

    /// Takes the lanes of a new host process; the old ones are dead.
    pub fn lanes(&self, token: &Name, generation: u64, lanes: Vec<OwnedFd>) {
        let Some(entry) = self.tokens.get(token) else { return };
        let pool = Pool::new(lanes);
        let mut state = entry.state();
        state.generation = generation;
        state.host = HostState::Starting;
        state.survey = None;
        state.pool = pool
            .inspect_err(|error| tracing::error!(%token, %error, "lanes cannot be used"))
            .ok()
            .map(Arc::new);
    }

    /// Takes a host's new state.
    pub fn host_changed(&self, token: &Name, generation: u64, host: HostState) {
        let Some(entry) = self.tokens.get(token) else { return };
        let mut state = entry.state();
        if state.generation == generation {
            state.host = host;
        }
    }

    /// Asks a token's host within its configured deadline.
    pub async fn ask(&self, token: &Name, work: Work) -> Result<Done, AskError> {
        let entry = self.tokens.get(token).ok_or(AskError::Gone)?;
        self.ask_within(token, work, entry.deadline).await
    }

    /// Asks a token's host within a deadline of the work's own. Must run to its end: see [`crate::spine`].
    pub async fn ask_within(&self, token: &Name, work: Work, deadline: Duration) -> Result<Done, AskError> {
        let entry = self.tokens.get(token).ok_or(AskError::Gone)?;
        let (pool, generation) = {
            let state = entry.state();
            (state.pool.clone().ok_or(AskError::Gone)?, state.generation)
        };
        let answer = pool.ask(work, deadline).await;
        if let Err(error @ (AskError::Deadline | AskError::Gone)) = &answer {
            // A host that lost one lane may live on with the others; only a new one has all of them again.
            tracing::error!(%token, %error, "a lane failed; its host is killed");
            // The supervisor lives as long as we do.
            let _ = self.supervisor.send(FromFront::Kill { token: token.clone(), generation });
        }
        answer
    }
}

impl Token {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
