//! The front's shutdown. Who is inside when it begins is let out with an answer, and who waits outside waits for the next
//! front.
//!
//! A stop waits for clients a moment only, and for what the agent does as long as that may take: whoever has asked is
//! answered as if there were no stop. Should that take longer all the same, it is told so, and never just hung up on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api::Problem;
use hsm_config::Config;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::spine::in_flight::Gates;
use crate::tokens::{self, SLOW_DEADLINE};

/// How long a stopping front waits for clients: to ask, and to take their answers.
const CLIENTS: Duration = Duration::from_secs(5);
/// How long, at its end, for those who were answered last.
const LAST: Duration = Duration::from_secs(1);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(1);

/// Counts the connections that are inside, and the requests among them.
#[derive(Debug)]
pub struct Shutdown {
    stage: watch::Sender<Stage>,
    inside: Arc<AtomicUsize>,
    asked: Arc<AtomicUsize>,
    /// How long clients are waited for, and how long an answer may take.
    clients: Duration,
    longest: Duration,
}

/// How far a stop has come.
#[derive(Clone, Copy, Debug, Default)]
struct Stage {
    /// When it began.
    began: Option<Instant>,
    /// Whether nothing is waited for any more.
    over: bool,
}

/// One that is counted until it is dropped.
pub(crate) struct ShutdownGuard(Arc<AtomicUsize>);

/// How long a front may take to drain, whatever is asked and whoever asks.
pub(crate) fn longest_drain(config: &Config) -> Duration {
    CLIENTS + longest_answer(config) + LAST
}

/// An assertion's, or that to an admin who has a key made.
fn longest_answer(config: &Config) -> Duration {
    tokens::longest(config).max(SLOW_DEADLINE)
}

impl Shutdown {
    /// One that has not begun.
    pub fn new(config: &Config) -> Self {
        Self::that_waits(longest_answer(config))
    }

    fn that_waits(longest: Duration) -> Self {
        Self {
            stage: watch::Sender::default(),
            inside: Arc::default(),
            asked: Arc::default(),
            clients: CLIENTS,
            longest,
        }
    }

    /// Lets a connection in.
    pub(crate) fn enter(&self) -> ShutdownGuard {
        ShutdownGuard::of(&self.inside)
    }

    /// When the front began to stop, if it did.
    pub(crate) fn began_at(&self) -> Option<Instant> {
        self.stage.borrow().began
    }

    /// Returns once the front is stopping.
    pub(crate) async fn begun(&self) {
        // It cannot fail: the sender is ours.
        let _ = self.stage.subscribe().wait_for(|stage| stage.began.is_some()).await;
    }

    /// The answer to a request, which a stop waits for; a word about the stop where it waits no more.
    pub(crate) async fn answered<T>(&self, answer: impl Future<Output = T>) -> Result<T, Problem> {
        let _asked = ShutdownGuard::of(&self.asked);
        let mut stage = self.stage.subscribe();
        tokio::select! {
            biased;
            answer = answer => Ok(answer),
            _ = stage.wait_for(|stage| stage.over) => Err(Problem::stopping()),
        }
    }

    /// Begins to stop and waits, within bounds, until everyone is out and every answer was written.
    pub async fn drain(&self, gates: &Gates) {
        let began = Instant::now();
        self.stage.send_modify(|stage| stage.began = Some(began));
        tracing::info!("the front stops: nobody new is let in, and who has asked is answered");
        let clients = began + self.clients;
        if timeout_at(clients, until(|| self.is_empty(gates))).await.is_err() {
            let _ = timeout_at(clients + self.longest, until(|| self.is_done(gates))).await;
            self.stage.send_modify(|stage| stage.over = true);
            let _ = timeout(LAST, until(|| self.is_empty(gates))).await;
        }
    }

    /// Whether everyone is out.
    fn is_empty(&self, gates: &Gates) -> bool {
        self.inside.load(Ordering::SeqCst) == 0 && gates.in_flight() == 0
    }

    /// Whether there is nothing that is asked and not answered, whoever is inside.
    fn is_done(&self, gates: &Gates) -> bool {
        self.asked.load(Ordering::SeqCst) == 0 && gates.in_flight() == 0
    }
}

async fn until(so: impl Fn() -> bool) {
    while !so() {
        sleep(LOOK).await;
    }
}

impl ShutdownGuard {
    fn of(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count.clone())
    }
}

impl Drop for ShutdownGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::sync::oneshot;

    use super::*;

    const MOMENT: Duration = Duration::from_millis(1);
    const LONG: Duration = Duration::from_secs(3600);

    /// One that waits so long for clients, and for answers.
    fn shutdown(clients: Duration, longest: Duration) -> Arc<Shutdown> {
        Arc::new(Shutdown { clients, ..Shutdown::that_waits(longest) })
    }

    #[tokio::test]
    async fn who_has_asked_is_waited_for_beyond_what_clients_are() {
        let (shutdown, gates) = (shutdown(MOMENT, LONG), Gates::default());
        let (answer, comes) = oneshot::channel();
        let (_inside, answered) = (shutdown.enter(), shutdown.answered(comes));
        let drain = async {
            let drained = timeout(MOMENT * 100, shutdown.drain(&gates)).await;
            assert!(drained.is_err(), "it did not wait");
            answer.send(()).unwrap();
        };
        assert!(tokio::join!(biased; answered, drain).0.unwrap().is_ok());
    }

    #[tokio::test]
    async fn who_cannot_be_waited_for_any_more_is_told_so() {
        let (shutdown, gates) = (shutdown(MOMENT, MOMENT), Gates::default());
        let (_inside, answered) = (shutdown.enter(), shutdown.answered(pending::<()>()));
        let (answer, ()) = tokio::join!(biased; answered, shutdown.drain(&gates));
        assert_eq!(answer.unwrap_err().code, "stopping");
    }

    #[tokio::test]
    async fn who_is_inside_and_asks_nothing_is_not_waited_for_as_an_answer_is() {
        let (shutdown, gates) = (shutdown(MOMENT, LONG), Gates::default());
        let _inside = shutdown.enter();
        shutdown.drain(&gates).await;
    }
}
