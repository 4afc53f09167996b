//! Records that wait for the writer.
//!
//! The writer takes all of them at once: that is the group of a group commit. A record that nobody waits for yet may lie
//! here until somebody does, so that one fdatasync serves many. Nobody waits to get in: a full, closed or poisoned queue
//! gives the job straight back.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;

use crate::{DurableEntry, Entry, Error};

/// How many records may wait at once.
pub const MAX_QUEUED: usize = 4096;

type Done = Box<dyn FnOnce(Result<DurableEntry, Error>) + Send>;

pub(crate) struct Job {
    pub(crate) entry: Entry,
    done: Done,
}

impl Job {
    pub(crate) fn new(entry: Entry, done: Done) -> Self {
        Self { entry, done }
    }

    /// Tells the one who waits. A panic of theirs must not stop the log.
    pub(crate) fn answer(self, result: Result<DurableEntry, Error>) {
        let done = self.done;
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| done(result)));
    }
}

#[derive(Default)]
struct State {
    jobs: Vec<Job>,
    /// Somebody waits for one of the jobs.
    is_wanted: bool,
    /// The writer sleeps: only then is a system call spent to wake it.
    is_asleep: bool,
    refuses: Option<Error>,
}

impl State {
    fn refusal(&self) -> Option<Error> {
        let is_full = self.jobs.len() >= MAX_QUEUED;
        self.refuses.clone().or_else(|| is_full.then_some(Error::Busy))
    }
}

#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    wake: Condvar,
}

impl Queue {
    /// Gives the writer a job that somebody waits for.
    pub(crate) fn push(&self, job: Job) {
        self.push_lazily(job);
        self.flush();
    }

    /// Gives the writer a job that may wait for the next one that somebody waits for.
    pub(crate) fn push_lazily(&self, job: Job) {
        let mut state = self.lock();
        match state.refusal() {
            None => state.jobs.push(job),
            Some(error) => {
                drop(state);
                job.answer(Err(error));
            }
        }
    }

    /// Somebody waits now: the writer takes all that is here.
    pub(crate) fn flush(&self) {
        let mut state = self.lock();
        if state.jobs.is_empty() {
            return;
        }
        state.is_wanted = true;
        let wake = std::mem::take(&mut state.is_asleep);
        drop(state);
        if wake {
            self.wake.notify_one();
        }
    }

    /// Waits for work and swaps it with the empty `jobs`; says no once the queue is closed and drained.
    pub(crate) fn take(&self, jobs: &mut Vec<Job>) -> bool {
        let mut state = self.lock();
        while !state.is_wanted {
            if state.refuses.is_some() {
                break;
            }
            state.is_asleep = true;
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        (state.is_asleep, state.is_wanted) = (false, false);
        std::mem::swap(&mut state.jobs, jobs);
        !jobs.is_empty()
    }

    /// Takes no more; what waits is still written.
    pub(crate) fn close(&self) {
        self.refuse(Error::Closed);
    }

    /// Takes no more, and fails what waits.
    pub(crate) fn poison(&self, errno: Errno) {
        self.refuse(Error::Fatal(errno));
        let jobs = std::mem::take(&mut self.lock().jobs);
        jobs.into_iter().for_each(|job| job.answer(Err(Error::Fatal(errno))));
    }

    fn refuse(&self, error: Error) {
        self.lock().refuses.get_or_insert(error);
        self.wake.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
