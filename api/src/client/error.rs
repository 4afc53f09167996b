//! Why a client has no result.

use std::io;
use std::path::PathBuf;

use hyper::body::Bytes;

/// There is no connection.
#[derive(Debug, thiserror::Error)]
#[error("the agent at {path} cannot be reached: {error}", path = .path.display())]
pub struct Unreached {
    /// The socket.
    pub path: PathBuf,
    /// What connect(2) said.
    pub error: io::Error,
}

impl Unreached {
    /// Whether nothing listens there, so that no agent runs.
    pub fn is_nobody(&self) -> bool {
        matches!(self.error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
    }
}

/// A request has no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no connection.
    #[error(transparent)]
    Unreached(#[from] Unreached),
    /// Path or body cannot be written as HTTP and JSON.
    #[error("this cannot be asked: {0}")]
    Unaskable(String),
    /// The agent hung up, was silent for too long, or answered more than is read.
    #[error("the agent did not answer: {0}")]
    NoAnswer(String),
    /// The agent's answer is no success: problem details ([`crate::Problem`]), as far as its bytes go.
    #[error("the agent answered with status {status}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The answer, as it came.
        body: Bytes,
    },
}
