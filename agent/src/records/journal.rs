//! The ledger as the front uses it: awaitable, and with intents that void themselves.
//!
//! An [`Intent`] whose answer never left is voided when it is dropped, wherever that happens: a token that failed, a freeze.
//! Once [`Intent::released`] took it, it counts as a signature for good; so does one that was [`Intent::kept`]. An error at
//! fdatasync ends this process: what is on the disk is unknown, and only recovery can tell. The ledger takes nothing
//! from that moment on, and the process lives [`LAST_WORDS`] longer, so that whoever asked is told.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Once};
use std::thread;
use std::time::Duration;

use api::Problem;
use ledger::{DurableEntry, Entry, Error, Growth, Kind, Ledger, Reader, SignedCheckpoint};
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::ipc::exit;

/// How long answers have to leave after that error: above all a freeze's, which says that it holds without a record.
const LAST_WORDS: Duration = Duration::from_millis(250);
/// How often a stopping front looks whether every intent is settled.
const LOOK: Duration = Duration::from_millis(1);

/// The one writer of the ledger.
#[derive(Clone)]
pub struct Journal {
    ledger: Arc<Ledger>,
    failing: Arc<AtomicBool>,
    unsettled: Arc<AtomicUsize>,
}

/// An intent on its way to the disk. Nobody waits for it until [`Recording::durable`] does.
#[must_use = "an intent that is dropped is voided"]
pub struct Recording {
    waiting: Option<oneshot::Receiver<Result<Intent, Error>>>,
    known: Option<Result<Intent, Error>>,
    journal: Journal,
}

/// A durable intent that has not been answered yet.
#[must_use = "an intent that is dropped is voided"]
pub struct Intent {
    durable: DurableEntry,
    void: Void,
}

/// Voids an intent when it is dropped, unless it was disarmed.
struct Void {
    index: u64,
    journal: Option<(Journal, Unsettled)>,
}

/// Counts an intent until it is refused, released or voided.
struct Unsettled(Arc<AtomicUsize>);

impl Journal {
    /// Wraps an open ledger.
    pub fn new(ledger: Ledger) -> Self {
        Self { ledger: Arc::new(ledger), failing: Arc::default(), unsettled: Arc::default() }
    }

    /// Records an entry and waits until it is durable.
    pub async fn record(&self, entry: Entry) -> Result<DurableEntry, Error> {
        let (done, waiting) = oneshot::channel();
        self.ledger.record(entry, move |result| {
            // Whoever waited may be gone; the entry is durable all the same.
            let _ = done.send(result);
        });
        receive(waiting).await
    }

    /// Begins to record an intent. It is written with the next entry that somebody waits for, so that intents that were
    /// begun while the token signs share one fdatasync.
    pub fn intend(&self, entry: Entry) -> Recording {
        let (done, waiting) = oneshot::channel();
        let (journal, unsettled) = (self.clone(), Unsettled::new(&self.unsettled));
        self.ledger.record_lazily(entry, move |result| {
            // If nobody waits any more, the intent comes back in the error and voids itself.
            let _ = done.send(result.map(|durable| {
                let void = Void { index: durable.index(), journal: Some((journal, unsettled)) };
                Intent { durable, void }
            }));
        });
        Recording { waiting: Some(waiting), known: None, journal: self.clone() }
    }

    /// Records an entry on nobody's time.
    pub fn record_detached(&self, entry: Entry) {
        self.ledger.record(entry, noted);
    }

    /// Waits until every intent was refused, released or voided, so that a front that stops leaves none in between.
    pub async fn settled(&self) {
        while self.unsettled.load(Ordering::SeqCst) > 0 {
            self.ledger.flush();
            sleep(LOOK).await;
        }
    }

    /// Whether the last intent could not be written: then nothing reaches a token before its intent is durable.
    pub fn failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// A reader of the log. It may see entries that are not durable yet.
    pub fn reader(&self) -> Result<Reader, Error> {
        self.ledger.reader()
    }

    /// How the log grew since it had so many entries, as far as it is durable.
    pub async fn growth_since(&self, size: u64) -> Result<Growth, Error> {
        let ledger = self.ledger.clone();
        // After a start it reads some tiles.
        let grown = tokio::task::spawn_blocking(move || ledger.growth_since(size)).await;
        grown.unwrap_or(Err(Error::Closed))
    }

    /// Publishes a signed checkpoint; it is on the disk when this returns.
    pub async fn publish(&self, signed: SignedCheckpoint) -> Result<(), Error> {
        let ledger = self.ledger.clone();
        let published = tokio::task::spawn_blocking(move || ledger.publish(signed)).await;
        published.unwrap_or(Err(Error::Closed)).inspect_err(exit_if_fatal)
    }

    /// How many entries are durable.
    pub fn size(&self) -> u64 {
        self.ledger.size()
    }
}

impl Recording {
    /// Has it written now, unless it is durable already: then nobody has to wait for the disk.
    pub fn flush(&mut self) {
        let Some(waiting) = &mut self.waiting else { return };
        match waiting.try_recv() {
            Ok(result) => {
                self.waiting = None;
                self.known = Some(self.judged(result));
            }
            Err(_) => self.journal.ledger.flush(),
        }
    }

    /// Whether it was taken, as far as that is known at once: a queue that is full, or one that takes no more, says so.
    pub fn taken(&mut self) -> Result<(), Error> {
        if let Some(waiting) = &mut self.waiting
            && let Ok(result) = waiting.try_recv()
        {
            self.waiting = None;
            self.known = Some(Ok(self.judged(result)?));
        }
        Ok(())
    }

    /// Waits until it is durable, before anything else is done.
    pub async fn settle(&mut self) -> Result<(), Error> {
        self.known = Some(Ok(self.wait().await?));
        Ok(())
    }

    /// Waits until it is durable.
    pub async fn durable(mut self) -> Result<Intent, Error> {
        self.wait().await
    }

    async fn wait(&mut self) -> Result<Intent, Error> {
        self.flush();
        match (self.known.take(), self.waiting.take()) {
            (Some(result), _) => result,
            (None, Some(waiting)) => self.judged(waiting.await.unwrap_or(Err(Error::Closed))),
            (None, None) => Err(Error::Closed),
        }
    }

    /// What came of every record passes here, whoever hears of it first: what the disk did not confirm ends the process.
    fn judged(&self, result: Result<Intent, Error>) -> Result<Intent, Error> {
        let failing = &self.journal.failing;
        match &result {
            Ok(_) => failing.store(false, Ordering::Relaxed),
            Err(Error::Unavailable(_) | Error::Fatal(_)) => failing.store(true, Ordering::Relaxed),
            Err(_) => {}
        }
        result.inspect_err(exit_if_fatal)
    }
}

impl Drop for Recording {
    /// An intent that is given up is written and voided soon, not with the next one.
    fn drop(&mut self) {
        if self.waiting.is_some() {
            self.flush();
        }
    }
}

impl Intent {
    /// Spends the intent on an answer that is about to leave; from here on it counts as a signature.
    pub fn released(mut self) -> DurableEntry {
        self.void.journal = None;
        self.durable
    }

    /// Leaves the intent unvoided though nothing left: the token gave a signature back, and whose it is nobody knows.
    pub fn kept(mut self) {
        self.void.journal = None;
    }
}

impl Drop for Void {
    fn drop(&mut self) {
        if let Some((journal, unsettled)) = self.journal.take() {
            journal.ledger.record(Entry::new(Kind::Void).voids(self.index), move |result| {
                noted(result);
                drop(unsettled);
            });
        }
    }
}

impl Unsettled {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count.clone())
    }
}

impl Drop for Unsettled {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What nobody waits for is at least told to the operator.
fn noted(result: Result<DurableEntry, Error>) {
    if let Err(error) = result {
        exit_if_fatal(&error);
        tracing::error!(%error, "an entry was not recorded");
    }
}

async fn receive<T>(waiting: oneshot::Receiver<Result<T, Error>>) -> Result<T, Error> {
    let result = waiting.await.unwrap_or(Err(Error::Closed));
    result.inspect_err(exit_if_fatal)
}

fn exit_if_fatal(error: &Error) {
    static LEAVING: Once = Once::new();
    if matches!(error, Error::Fatal(_)) {
        LEAVING.call_once(|| leave(error));
    }
}

/// Ends the process soon, whatever its threads are doing.
fn leave(error: &Error) {
    tracing::error!(%error, "leaving, so that the ledger can be recovered");
    let end = || -> ! { std::process::exit(exit::FATAL) };
    let last = thread::Builder::new().name("last-words".into()).spawn(move || {
        thread::sleep(LAST_WORDS);
        end()
    });
    if last.is_err() {
        end();
    }
}

/// What a client sees of a ledger that takes no record now.
pub fn unavailable(error: &Error) -> Problem {
    tracing::error!(%error, "nothing is released without a durable record");
    let detail = match error {
        Error::Busy => "Too many records wait for the disk. Try again, less often.",
        Error::Closed => "The agent is stopping. Try again.",
        _ => "Nothing is released without a durable record. The operator has to free space or mend the disk.",
    };
    Problem::unavailable("ledger-unavailable", "The ledger cannot be written", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_failing_disk_is_called_one() {
        let detail = |error| unavailable(&error).detail;
        assert!(detail(Error::Busy).contains("Too many records"));
        assert!(detail(Error::Closed).contains("stopping"));
        assert!(detail(Error::Unavailable(rustix::io::Errno::NOSPC)).contains("free space"));
    }
}
