//! The supervisor as the front knows it: words to it are queued, and answers find the one who asked by number.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use api::Problem;
use hsm_config::Name;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::oneshot;

use crate::ipc::link::{Asked, FromFront};

type Verdict = Result<(), String>;

/// Asks the supervisor what the front cannot do itself.
pub struct Supervisor {
    words: UnboundedSender<FromFront>,
    asked: AtomicU64,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Verdict>>>,
}

impl Supervisor {
    pub(super) fn new(words: UnboundedSender<FromFront>) -> Self {
        Self { words, asked: AtomicU64::new(0), waiting: Mutex::default() }
    }

    /// Reads the configuration and the tenants files again. The old ones stay in force if the new ones are broken.
    pub async fn reload(&self) -> Result<(), Problem> {
        let problem = |text| {
            Problem::new(
                axum::http::StatusCode::UNPROCESSABLE_ENTITY,
                "reload-refused",
                "The new configuration is not in force; the old one still is",
                text,
            )
        };
        self.ask(|id| FromFront::Reload { id }).await.map_err(problem)
    }

    /// Clears a token's latch and lets its host try the PIN source again.
    pub async fn unlatch(&self, token: &Name) -> Result<(), Problem> {
        let problem = |text: String| Problem::conflict("unlatch-refused", "The latch was not cleared", text);
        self.ask(|id| FromFront::Unlatch { id, token: token.clone() }).await.map_err(problem)
    }

    /// Has the next front know whether a connector is frozen, should this one end before the ledger has it.
    pub fn gate(&self, connector: &Name, shut: bool) {
        let _ = self.words.send(FromFront::Gate { connector: connector.clone(), shut });
    }

    pub(super) fn ready(&self) {
        // Whoever drops the receiver is on the way out.
        let _ = self.words.send(FromFront::Ready);
    }

    /// Tells whoever asked for a reload what came of it.
    pub(super) fn reloaded(&self, asked: Asked, problem: Option<String>) {
        match asked {
            Asked::Front(id) => self.answered(id, problem),
            // Whoever drops the receiver is on the way out.
            Asked::Supervisor(number) => drop(self.words.send(FromFront::Reloaded { number, problem })),
        }
    }

    pub(super) fn answered(&self, id: u64, problem: Option<String>) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        if let Some(asker) = waiting {
            // The asker may have hung up.
            let _ = asker.send(problem.map_or(Ok(()), Err));
        }
    }

    async fn ask(&self, word: impl FnOnce(u64) -> FromFront) -> Verdict {
        let id = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        let (asker, verdict) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(id, asker);
        let gone = || "the agent is stopping".to_owned();
        self.words.send(word(id)).map_err(|_| gone())?;
        verdict.await.unwrap_or_else(|_| Err(gone()))
    }
}
