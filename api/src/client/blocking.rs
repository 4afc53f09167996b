//! The same client for callers without an event loop: each call waits for its answer.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use tokio::runtime::{Builder, Runtime};

use super::{Bytes, Error, Unreached};

/// A connection to an agent.
pub struct Client {
    client: super::Client,
    runtime: Runtime,
}

impl Client {
    /// Connects. It must not be called on a thread of an event loop.
    pub fn connect(path: &Path) -> Result<Self, Unreached> {
        let runtime = runtime().map_err(|error| Unreached { path: path.to_owned(), error })?;
        let client = runtime.block_on(super::Client::connect(path))?;
        Ok(Self { client, runtime })
    }

    /// Asks for what is there.
    pub fn get(&mut self, path: &str) -> Result<Bytes, Error> {
        self.runtime.block_on(self.client.get(path))
    }

    /// Asks for something to be done; `patience` is the time limit.
    pub fn post(&mut self, path: &str, body: &impl Serialize, patience: Duration) -> Result<Bytes, Error> {
        self.runtime.block_on(self.client.post(path, body, patience))
    }

    /// Puts something in its place.
    pub fn put(&mut self, path: &str, body: &impl Serialize) -> Result<Bytes, Error> {
        self.runtime.block_on(self.client.put(path, body))
    }
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}
