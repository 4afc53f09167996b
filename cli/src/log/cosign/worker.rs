//! A thread for each URL: it takes the newest checkpoint, asks, and says what came of it.
//!
//! Two witnesses at one URL are asked once. A witness that is busy or away is left alone for longer each time; one that
//! refused for good is asked no more.

use std::collections::BTreeMap;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, SystemTime};

use ledger::{AddCheckpoint, Policy, Reader, Signature, Vkey};
use quoted::Quoted;

use super::conversation::{Asked, Then};
use super::job::Job;
use super::sizes::Sizes;
use super::transport::Transport;
use crate::print::Printer;

/// The first pause after a witness was busy or away, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(300));

/// What came of asking at one URL.
pub(super) struct Told {
    pub(super) url: String,
    /// Which job it was about.
    pub(super) number: u64,
    /// The size that the witness has now, where that is known.
    pub(super) size: Option<u64>,
    then: Then,
}

/// All threads.
pub(super) struct Workers(BTreeMap<String, Worker>);

struct Worker {
    desk: Arc<Desk>,
    /// The last job that it is done with.
    done: u64,
    is_retired: bool,
    /// What was said of it last; the same is not said twice.
    said: String,
}

/// Where the newest job lies for a worker.
#[derive(Default)]
struct Desk {
    job: Mutex<Option<(Job, Arc<Reader>)>>,
    comes: Condvar,
}

impl Workers {
    pub(super) fn start(policy: &Policy, transport: Transport, sizes: &Sizes, tell: &Sender<Told>) -> Self {
        let mut keys: BTreeMap<String, Vec<Vkey>> = BTreeMap::new();
        for witness in policy.witnesses() {
            if let Some(url) = &witness.url {
                keys.entry(url.clone()).or_default().push(witness.key.clone());
            }
        }
        let start = |(url, keys): (String, Vec<Vkey>)| {
            let desk = Arc::new(Desk::default());
            let asking = Asking {
                size: sizes.of(&url),
                url: url.clone(),
                keys,
                transport: transport.clone(),
                tell: tell.clone(),
                desk: desk.clone(),
            };
            thread::spawn(move || asking.run());
            (url, Worker { desk, done: 0, is_retired: false, said: String::new() })
        };
        Self(keys.into_iter().map(start).collect())
    }

    /// Lays a job on every desk.
    pub(super) fn give(&self, job: &Job, reader: &Arc<Reader>) {
        for worker in self.0.values() {
            *worker.desk.lock() = Some((job.clone(), reader.clone()));
            worker.desk.comes.notify_one();
        }
    }

    /// Whether nobody is left who could still cosign it.
    pub(super) fn are_through(&self, job: &Job) -> bool {
        self.0.values().all(|worker| worker.is_retired || worker.done >= job.number())
    }

    /// Notes what a worker says, and tells people once; its cosignatures.
    pub(super) fn hear(&mut self, told: &Told, print: &Printer) -> Vec<Signature> {
        let Some(worker) = self.0.get_mut(&told.url) else { return Vec::new() };
        let (said, cosignatures) = match &told.then {
            Then::Signed(cosignatures) => {
                worker.done = told.number;
                (String::new(), cosignatures.clone())
            }
            Then::Never(why) => {
                worker.is_retired = true;
                (format!("{why}. It is not asked again until this is started anew"), Vec::new())
            }
            Then::Later(why) => (why.clone(), Vec::new()),
            Then::From(_) => return Vec::new(),
        };
        if !said.is_empty() && said != worker.said {
            print.warn(&format!("the witness at {}: {said}", Quoted(&told.url)));
        }
        worker.said = said;
        cosignatures
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, Option<(Job, Arc<Reader>)>> {
        self.job.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Waits for a job that is newer than one.
    fn newer_than(&self, number: u64) -> (Job, Arc<Reader>) {
        let mut job = self.lock();
        loop {
            match &*job {
                Some((job, reader)) if job.number() > number => return (job.clone(), reader.clone()),
                _ => job = self.comes.wait(job).unwrap_or_else(|poisoned| poisoned.into_inner()),
            }
        }
    }
}

/// What a thread has.
struct Asking {
    url: String,
    keys: Vec<Vkey>,
    transport: Transport,
    tell: Sender<Told>,
    desk: Arc<Desk>,
    /// What the witness has, as far as we know.
    size: u64,
}

impl Asking {
    fn run(mut self) {
        let (mut done, mut pause) = (0, PAUSE.0);
        loop {
            let (job, reader) = self.desk.newer_than(done);
            let then = self.ask(&job, &reader);
            let is_over = matches!(then, Then::Never(_));
            let is_signed = matches!(then, Then::Signed(_));
            let size = is_signed.then_some(job.size());
            self.size = size.unwrap_or(self.size);
            let told = Told { url: self.url.clone(), number: job.number(), size, then };
            if self.tell.send(told).is_err() || is_over {
                return;
            }
            if is_signed {
                (done, pause) = (job.number(), PAUSE.0);
            } else {
                thread::sleep(pause);
                pause = (pause * 2).min(PAUSE.1);
            }
        }
    }

    /// Asks from the size that the witness is believed to have, and once more from the one that it says.
    fn ask(&mut self, job: &Job, reader: &Reader) -> Then {
        // A larger one is of a log that was set back, or of another; the witness says so.
        self.size = self.size.min(job.size());
        let then = self.ask_from(job, reader, false);
        match then {
            Then::From(size) => {
                self.size = size;
                self.ask_from(job, reader, true)
            }
            then => then,
        }
    }

    fn ask_from(&self, job: &Job, reader: &Reader, is_second: bool) -> Then {
        let Some(proof) = job.proof(reader, self.size) else {
            return Then::Later(format!(
                "the log's files do not prove that it only grew from {} to {} entries: run `kunci log verify`",
                self.size,
                job.size()
            ));
        };
        let request = match AddCheckpoint::new(self.size, proof, job.note().clone()) {
            Ok(request) => request,
            Err(bad) => return Then::Never(format!("it cannot be asked: {bad}")),
        };
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let answer = self.transport.send(&self.url, &request);
        // Looked at after the answer: the witness cannot have seen more of this log than it has by then.
        let log_size = reader.size().unwrap_or(job.size());
        let asked = Asked { keys: &self.keys, text: job.text(), size: job.size(), log_size, now, is_second };
        asked.hear(answer)
    }
}
