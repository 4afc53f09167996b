//! The tokens as the front knows them: each one's host state, its lanes, and what its last survey said.
//!
//! The front never sees a module or a PIN. It asks over lanes, one request after the other on each, and tells the
//! supervisor of a host whose lane missed its deadline, which has to go.

mod lane;
mod load;
mod pace;
mod pool;
mod queue;
mod reconnect;
mod retry_after;
mod surveys;
mod trouble;

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hsm_config::{Flaw, Name};
use token::control::{HostState, RULING_LIMIT};
use token::lane::{Done, Fault, Work};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::sleep;

pub use pace::Pace;
pub use pool::AskError;
use pool::Pool;
pub(crate) use queue::RequesterId;
use queue::{PermitKind, QueuePermit};
use reconnect::Reconnect;
pub use reconnect::longest;
use surveys::Due;
pub use surveys::Survey;

use crate::ipc::link::FromFront;

/// How long a host may take to generate a key, store a certificate or initialise a token.
pub const SLOW_DEADLINE: Duration = token::writes::CHANGE_LIMIT;
/// How often somebody who may delay nobody looks whether the token is wanted.
const QUIET_POLL: Duration = Duration::from_millis(5);

/// All configured tokens.
pub struct Tokens {
    tokens: BTreeMap<Name, Token>,
    /// Signatures of all tokens since the start.
    signed: AtomicU64,
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
    /// Why the token is not served, or was not before this host.
    trouble: Option<HostState>,
    generation: u64,
    pool: Option<Arc<Pool>>,
    /// Whether it waits for a person's touch.
    touch: bool,
    survey: Option<Survey>,
    due: Due,
    pace: Pace,
    reconnect: Reconnect,
}

/// Leave to ask a token once, taken before anything is composed or recorded.
pub struct LanePermit {
    token: Name,
    generation: u64,
    deadline: Duration,
    pool: Arc<Pool>,
    taken: QueuePermit,
}

impl Tokens {
    /// The configured tokens, none of them there yet.
    pub fn new(config: &hsm_config::Config, supervisor: UnboundedSender<FromFront>) -> Self {
        let token = |(name, token): (&Name, &hsm_config::Token)| {
            let state = State {
                host: HostState::Starting,
                trouble: None,
                generation: 0,
                pool: None,
                touch: false,
                survey: None,
                due: Due::default(),
                pace: Pace::default(),
                reconnect: Reconnect::at_start(),
            };
            let exceptions = token.exceptions.clone();
            (name.clone(), Token { deadline: token.patience(), exceptions, state: Mutex::new(state) })
        };
        Self { tokens: config.tokens.iter().map(token).collect(), signed: AtomicU64::new(0), supervisor }
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

    /// The host process that a token has now.
    pub fn generation(&self, token: &Name) -> Option<u64> {
        self.tokens.get(token).map(|token| token.state().generation)
    }

    /// Whether this host process of a token serves it.
    pub fn serves(&self, token: &Name, generation: u64) -> bool {
        self.tokens.get(token).is_some_and(|token| token.state().serves(generation))
    }

    /// Takes the lanes of a new host process; the old ones are dead.
    pub fn lanes(&self, token: &Name, generation: u64, lanes: Vec<OwnedFd>) {
        let Some(entry) = self.tokens.get(token) else { return };
        let pool = Pool::new(lanes);
        let mut state = entry.state();
        state.generation = generation;
        state.becomes(HostState::Starting);
        (state.survey, state.touch, state.due) = (None, false, Due::default());
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
            state.becomes(host);
        }
    }

    /// A token waits for a person's touch, or does not wait any more.
    pub fn touched(&self, token: &Name, generation: u64, waits: bool) {
        let Some(entry) = self.tokens.get(token) else { return };
        let mut state = entry.state();
        if state.generation == generation {
            state.touch = waits;
        }
    }

    /// Whether a token waits for a person's touch.
    pub fn waits_for_touch(&self, token: &Name) -> bool {
        self.tokens.get(token).is_some_and(|token| token.state().touch)
    }

    /// Asks a token's host within its configured deadline.
    pub async fn ask(&self, token: &Name, work: Work) -> Result<Done, AskError> {
        let entry = self.tokens.get(token).ok_or(AskError::Gone)?;
        self.ask_within(token, work, entry.deadline).await
    }

    /// Asks a token's host within a deadline of the work's own. Must run to its end: see [`crate::spine`].
    pub async fn ask_within(&self, token: &Name, work: Work, deadline: Duration) -> Result<Done, AskError> {
        let permit = self.take(token, &None, pool::needs(&work), (deadline, deadline)).await?;
        self.ask_with(permit, work).await.map(|(done, _)| done)
    }

    /// A permit for one signature, in the requester's turn; refused early where the wait would be longer than the
    /// deadline, and late where it was no shorter than until then.
    pub async fn permit(
        &self,
        token: &Name,
        requester: &RequesterId,
        until: Instant,
    ) -> Result<LanePermit, AskError> {
        let entry = self.tokens.get(token).ok_or(AskError::Gone)?;
        if let Some(seconds) = entry.retry_after(requester) {
            return Err(AskError::Busy(seconds));
        }
        let patience = turn(entry.deadline).min(until.saturating_duration_since(Instant::now()));
        self.take(token, requester, PermitKind::Shared, (patience, entry.deadline)).await
    }

    /// A permit for one question that may delay nobody: once nobody wants the token, or has wanted it for so long that it takes a
    /// turn of its own. Its answer may take longer than others, by what the supervisor may take to make something durable first.
    pub async fn quiet_permit(&self, token: &Name, patience: Duration) -> Result<LanePermit, AskError> {
        let own = self.tokens.get(token).ok_or(AskError::Gone)?.deadline;
        let deadline = own + RULING_LIMIT;
        let until = Instant::now() + patience;
        while Instant::now() < until {
            let (pool, generation) = self.pool(token)?;
            if let Some(taken) = pool.quiet_permit()? {
                return Ok(LanePermit { token: token.clone(), generation, deadline, pool, taken });
            }
            sleep(QUIET_POLL).await;
        }
        self.take(token, &None, PermitKind::Shared, (turn(own), deadline)).await
    }

    /// Asks with a permit, and says how long the work took. Must run to its end: see [`crate::spine`].
    pub async fn ask_with(&self, permit: LanePermit, work: Work) -> Result<(Done, Duration), AskError> {
        let LanePermit { token, generation, deadline, pool, taken } = permit;
        let is_ledgers = matches!(work, Work::Ledger(_));
        let answer = pool.ask(taken, work, deadline).await;
        match &answer {
            Ok((Done::Signature(_), _)) => self.returned(&token, generation),
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%token, %error, "the token did not do it");
                // What the ledger's key fails at says nothing of the connectors'.
                let is_of_its_key = is_ledgers && matches!(error, AskError::Fault(_));
                if error.is_the_tokens() && !is_of_its_key {
                    let lasting = (!error.is_absence()).then(|| error.to_string());
                    self.mark_suspect(&token, lasting.as_deref());
                }
            }
        }
        if let Err(AskError::Fault(Fault::Starting)) = &answer {
            // It may be logged in to again: no new host comes, but it is away.
            self.went(&token, generation);
        }
        if let Err(error @ (AskError::Deadline | AskError::Gone | AskError::Fault(Fault::Broken(_)))) =
            &answer
        {
            // A host that lost one lane may live on with the others; only a new one has all of them again.
            tracing::error!(%token, %error, "a lane or its module failed, and its host has to go");
            pool.shut();
            self.went(&token, generation);
            // The supervisor lives as long as we do.
            let _ = self.supervisor.send(FromFront::Kill { token, generation });
        }
        answer
    }

    async fn take(
        &self,
        token: &Name,
        requester: &RequesterId,
        kind: PermitKind,
        (patience, deadline): (Duration, Duration),
    ) -> Result<LanePermit, AskError> {
        let (pool, generation) = self.pool(token)?;
        let taken = pool.permit(requester, kind, patience).await?;
        Ok(LanePermit { token: token.clone(), generation, deadline, pool, taken })
    }

    /// The lanes of a token's host, and which one that is.
    fn pool(&self, token: &Name) -> Result<(Arc<Pool>, u64), AskError> {
        let state = self.tokens.get(token).ok_or(AskError::Gone)?.state();
        Ok((state.pool.clone().ok_or(AskError::Gone)?, state.generation))
    }

    /// A signature came back. One of a host that went meanwhile does not say that there is another.
    fn returned(&self, token: &Name, generation: u64) {
        let Some(entry) = self.tokens.get(token) else { return };
        let mut state = entry.state();
        if state.serves(generation) && state.pool.as_ref().is_some_and(|pool| !pool.is_shut()) {
            state.reconnect.ends();
        }
    }

    /// A host, or its login, is as good as gone, before the supervisor says so.
    fn went(&self, token: &Name, generation: u64) {
        if let Some(entry) = self.tokens.get(token).filter(|entry| entry.state().serves(generation)) {
            entry.state().reconnect.begins();
        }
    }
}

/// How long a request may wait for its turn at a token with this deadline: as long as it would at most by the pace of when it
/// came, and as long as it takes to find out that a call before it hangs.
fn turn(deadline: Duration) -> Duration {
    deadline * 2
}

impl State {
    fn serves(&self, generation: u64) -> bool {
        self.generation == generation && matches!(self.host, HostState::Ready { .. })
    }
}

impl Token {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
