//! The same client for callers without an event loop: each call waits for its answer, and has a connection of its own, since
//! nobody watches over one between two calls.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use tokio::runtime::{Builder, Runtime};

use super::{Bytes, Client as Connection, Error, Unreached};

/// An agent at a unix socket.
pub struct Client {
    path: PathBuf,
    runtime: Runtime,
}

impl Client {
    /// Sees that somebody is there. It must not be called on a thread of an event loop.
    pub fn connect(path: &Path) -> Result<Self, Unreached> {
        let runtime = runtime().map_err(|error| Unreached { path: path.to_owned(), error })?;
        runtime.block_on(Connection::connect(path))?;
        Ok(Self { path: path.to_owned(), runtime })
    }

    /// Asks for what is there.
    pub fn get(&self, path: &str) -> Result<Bytes, Error> {
        self.runtime.block_on(async { Connection::connect(&self.path).await?.get(path).await })
    }

    /// Asks for something to be done; `patience` is the time limit.
    pub fn post(&self, path: &str, body: &impl Serialize, patience: Duration) -> Result<Bytes, Error> {
        self.runtime
            .block_on(async { Connection::connect(&self.path).await?.post(path, body, patience).await })
    }

    /// Puts something in its place.
    pub fn put(&self, path: &str, body: &impl Serialize) -> Result<Bytes, Error> {
        self.runtime.block_on(async { Connection::connect(&self.path).await?.put(path, body).await })
    }
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}
