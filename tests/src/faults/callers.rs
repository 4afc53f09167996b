//! Callers that ask without a pause while faults happen, keep what they got, and time how long they waited.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::Reply;
use crate::agent::{assertions, body};
use crate::http::Connection;
use crate::rig::{CLIENT, TENANT};
use crate::wait::until_true;

/// A request that is not answered by then is stuck: the rig's deadline is 2 s, for the queue and again for the token.
pub const STUCK: Duration = Duration::from_secs(10);
/// How long a caller waits after it was refused, so that refusals do not become the load.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// An assertion in a caller's hands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub log_index: u64,
    pub jti: String,
    pub assertion: String,
}

/// What callers got.
#[derive(Clone, Debug, Default)]
pub struct Took {
    pub held: Vec<Held>,
    /// Answers other than a 200, by status and code.
    pub refused: BTreeMap<(u16, String), usize>,
    /// Connections that broke before the answer.
    pub broken: usize,
    /// Requests that waited longer than [`STUCK`].
    pub stuck: usize,
    pub slowest: Duration,
}

/// Running callers.
pub struct Callers {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared {
    socket: PathBuf,
    over: AtomicBool,
    held: AtomicUsize,
    refused: AtomicUsize,
    took: Mutex<Took>,
}

impl Held {
    /// What a good answer holds.
    pub fn of(reply: &Reply) -> Self {
        let body = reply.json();
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Self {
            log_index: body["log_index"].as_u64().unwrap(),
            jti: text("jti"),
            assertion: text("assertion"),
        }
    }
}

impl Callers {
    /// So many callers of a socket, which ask for assertions of `de`.
    pub fn start(socket: &Path, callers: usize) -> Self {
        let shared = Arc::new(Shared {
            socket: socket.to_owned(),
            over: AtomicBool::new(false),
            held: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
            took: Mutex::default(),
        });
        let caller = |_| {
            let shared = shared.clone();
            thread::spawn(move || {
                while !shared.over.load(Ordering::Relaxed) {
                    shared.visit();
                }
            })
        };
        let threads = Mutex::new((0..callers).map(caller).collect());
        Self { shared, threads }
    }

    /// Waits until so many more assertions were received.
    #[track_caller]
    pub fn until_served(&self, more: usize) {
        Self::until(&self.shared.held, more, "callers are served");
    }

    /// How many requests were refused or cut off so far.
    pub fn refused(&self) -> usize {
        self.shared.refused.load(Ordering::Relaxed)
    }

    /// Waits until so many more requests were refused or cut off.
    #[track_caller]
    pub fn until_refused(&self, more: usize) {
        Self::until(&self.shared.refused, more, "callers are refused");
    }

    /// Waits until so many more requests were answered, whatever the answer.
    #[track_caller]
    pub fn until_answered(&self, more: usize) {
        let answered = || self.refused() + self.shared.held.load(Ordering::Relaxed);
        let goal = answered() + more;
        until_true("callers are answered", || answered() >= goal);
    }

    /// Ends the callers; what they got.
    pub fn stop(&self) -> Took {
        self.shared.over.store(true, Ordering::Relaxed);
        self.threads.lock().unwrap().drain(..).for_each(|thread| thread.join().unwrap());
        self.shared.took.lock().unwrap().clone()
    }

    #[track_caller]
    fn until(count: &AtomicUsize, more: usize, what: &str) {
        let goal = count.load(Ordering::Relaxed) + more;
        until_true(what, || count.load(Ordering::Relaxed) >= goal);
    }
}

impl Drop for Callers {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    /// One connection, until it breaks.
    fn visit(&self) {
        let Ok(mut connection) = Connection::open(&self.socket) else {
            return thread::sleep(POLL_INTERVAL);
        };
        while !self.over.load(Ordering::Relaxed) {
            let asked = Instant::now();
            let reply = connection.send("POST", &assertions("de"), body(TENANT, CLIENT).as_bytes());
            let served = self.take(reply.as_ref().ok(), asked.elapsed());
            if !served {
                thread::sleep(POLL_INTERVAL);
            }
            if reply.is_err() {
                return;
            }
        }
    }

    /// Keeps an answer; whether it is a good one.
    fn take(&self, reply: Option<&Reply>, waited: Duration) -> bool {
        let mut took = self.took.lock().unwrap();
        took.slowest = took.slowest.max(waited);
        took.stuck += usize::from(waited > STUCK);
        match reply {
            Some(reply) if reply.status == 200 => {
                took.held.push(Held::of(reply));
                self.held.fetch_add(1, Ordering::Relaxed);
                return true;
            }
            Some(reply) => *took.refused.entry((reply.status, reply.code())).or_default() += 1,
            None => took.broken += 1,
        }
        self.refused.fetch_add(1, Ordering::Relaxed);
        false
    }
}
