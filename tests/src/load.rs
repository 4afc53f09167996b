//! Clients that ask for assertions without a pause, and keep what they got: the witnesses of faults under load.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use crate::Reply;
use crate::agent::{assertions, body};
use crate::http::Connection;
use crate::rig::{CLIENT, TENANT};
use crate::wait::until_true;

/// An assertion that a client holds in its hands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Received {
    pub log_index: u64,
    pub jti: String,
}

/// Client threads, each with a connection that it opens again whenever it breaks.
pub struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    socket: PathBuf,
    over: AtomicBool,
    answered: AtomicUsize,
    took: Mutex<Took>,
}

/// What clients got.
#[derive(Debug, Default, Clone)]
pub struct Took {
    pub received: Vec<Received>,
    /// Answers other than a 200, by status and code.
    pub refused: BTreeMap<(u16, String), usize>,
    /// Connections that broke.
    pub broken: usize,
}

impl Received {
    /// What a good answer holds.
    pub fn of(reply: &Reply) -> Self {
        let body = reply.json();
        let jti = body["jti"].as_str().unwrap().to_owned();
        Self { log_index: body["log_index"].as_u64().unwrap(), jti }
    }
}

impl Load {
    /// So many clients of a socket, which ask for assertions of `de`.
    pub fn start(socket: &Path, clients: usize) -> Self {
        let shared = Arc::new(Shared {
            socket: socket.to_owned(),
            over: AtomicBool::new(false),
            answered: AtomicUsize::new(0),
            took: Mutex::default(),
        });
        let client = |_| {
            let shared = shared.clone();
            thread::spawn(move || {
                while !shared.over.load(Ordering::Relaxed) {
                    shared.visit();
                }
            })
        };
        let threads = (0..clients).map(client).collect();
        Self { shared, threads }
    }

    /// How many assertions were received.
    pub fn answered(&self) -> usize {
        self.shared.answered.load(Ordering::Relaxed)
    }

    /// Waits until so many more were received.
    pub fn until_answered(&self, more: usize) {
        let goal = self.answered() + more;
        until_true("clients are answered", || self.answered() >= goal);
    }

    /// Ends the clients; what they got.
    pub fn stop(mut self) -> Took {
        self.shared.over.store(true, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| thread.join().unwrap());
        self.shared.took.lock().unwrap().clone()
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    /// One connection, until it breaks.
    fn visit(&self) {
        let Ok(mut connection) = Connection::open(&self.socket) else {
            return thread::yield_now();
        };
        while !self.over.load(Ordering::Relaxed) {
            match connection.send("POST", &assertions("de"), body(TENANT, CLIENT).as_bytes()) {
                Ok(reply) => self.take(&reply),
                Err(_) => {
                    self.took.lock().unwrap().broken += 1;
                    return;
                }
            }
        }
    }

    fn take(&self, reply: &Reply) {
        let mut took = self.took.lock().unwrap();
        if reply.status == 200 {
            took.received.push(Received::of(reply));
            self.answered.fetch_add(1, Ordering::Relaxed);
        } else {
            *took.refused.entry((reply.status, reply.code())).or_default() += 1;
        }
    }
}
