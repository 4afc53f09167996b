//! The HTTP client: HTTP/1.1 over one connection to one unix socket, one request at a time, each with its time limit.
//!
//! It hands back the bytes that the agent sent. An answer that is no success is a failure with those bytes.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;
use tokio::time::{sleep, timeout};

use crate::failure::Failure;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long until a full queue is knocked at again.
const KNOCK_AGAIN: Duration = Duration::from_millis(10);
/// How long an answer may take that needs no more than a signature.
pub(crate) const QUICK: Duration = Duration::from_secs(60);
/// How long an answer may take for which a token makes keys, on each of a connector's tokens.
pub(crate) const SLOW: Duration = Duration::from_secs(30 * 60);
/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// A connection to an agent.
pub(crate) struct Client {
    path: PathBuf,
    sender: SendRequest<Full<Bytes>>,
}

/// Why there is no connection.
#[derive(Debug)]
pub(crate) struct Unreached {
    path: PathBuf,
    error: io::Error,
}

impl Client {
    /// Connects.
    pub(crate) async fn connect(path: &Path) -> Result<Self, Unreached> {
        match timeout(CONNECT, open(path)).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(sender) => Ok(Self { path: path.to_owned(), sender }),
            Err(error) => Err(Unreached { path: path.to_owned(), error }),
        }
    }

    /// Where the agent is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Asks for what is there.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Bytes, Failure> {
        self.send(Method::GET, path, Bytes::new(), QUICK).await
    }

    /// Asks for something to be done; `patience` is the time limit.
    pub(crate) async fn post(
        &mut self,
        path: &str,
        body: &impl Serialize,
        patience: Duration,
    ) -> Result<Bytes, Failure> {
        self.send(Method::POST, path, json(body)?, patience).await
    }

    /// Puts something in its place.
    pub(crate) async fn put(&mut self, path: &str, body: &impl Serialize) -> Result<Bytes, Failure> {
        self.send(Method::PUT, path, json(body)?, QUICK).await
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Bytes,
        patience: Duration,
    ) -> Result<Bytes, Failure> {
        // The agent may have closed a connection that rested; nothing was asked on it, so asking anew is safe.
        if self.sender.ready().await.is_err() {
            *self = Self::connect(&self.path).await?;
        }
        let request = Request::builder().method(method).uri(path).header(HOST, "localhost");
        let request = request.header(CONTENT_TYPE, "application/json").body(Full::new(body));
        let request = request.map_err(|error| {
            Failure::usage(
                "invalid-request",
                format!("This cannot be asked: {error}"),
                "Check the names that you gave.",
            )
        })?;
        let answer = timeout(patience, answer(&mut self.sender, request)).await;
        let (status, body) = answer.unwrap_or_else(|_| Err("no answer in time".into())).map_err(|error| {
            let title = format!("The agent did not answer: {error}");
            Failure::unavailable("agent-unavailable", title, "Look at the agent's own log, then try again.")
        })?;
        if (200..300).contains(&status) { Ok(body) } else { Err(Failure::of_agent(status, body)) }
    }
}

impl Unreached {
    /// Whether nothing listens there, so that no agent runs.
    pub(crate) fn is_nobody(&self) -> bool {
        matches!(self.error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused)
    }
}

impl From<Unreached> for Failure {
    fn from(unreached: Unreached) -> Self {
        let at = unreached.path.display();
        if unreached.is_nobody() {
            let detail = "Start kunci-agent, or name its socket with --socket or --admin-socket.";
            return Self::unavailable("no-agent", format!("No agent runs at {at}"), detail);
        }
        if unreached.error.kind() == io::ErrorKind::PermissionDenied {
            let detail = "The socket's mode and its folder decide who may knock. Ask the operator.";
            return Self::refused("socket-refused", format!("You may not connect to {at}"), detail);
        }
        let title = format!("The agent at {at} cannot be reached: {}", unreached.error);
        Self::unavailable("agent-unavailable", title, "Look at the agent's own log, then try again.")
    }
}

/// One part of a path, which no name that is given can leave.
pub(crate) fn segment(name: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let shown = |byte: u8| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    name.bytes().map(shown).collect()
}

/// Reads a result. An answer of another shape is of another version.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        let title = format!("The agent's answer cannot be read: {error}");
        Failure::unavailable("unexpected-answer", title, "Use a kunci and a kunci-agent of the same version.")
    })
}

fn json(body: &impl Serialize) -> Result<Bytes, Failure> {
    let written = serde_json::to_vec(body);
    written
        .map(Bytes::from)
        .map_err(|error| Failure::usage("invalid-request", error.to_string(), "Check what you gave."))
}

/// Connects, and waits where many knock: a socket whose queue is full says EAGAIN to who would not block (connect(2)).
async fn connect(path: &Path) -> io::Result<UnixStream> {
    loop {
        match UnixStream::connect(path).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => sleep(KNOCK_AGAIN).await,
            connected => return connected,
        }
    }
}

async fn open(path: &Path) -> io::Result<SendRequest<Full<Bytes>>> {
    let socket = connect(path).await?;
    let (sender, connection) = handshake(TokioIo::new(socket)).await.map_err(io::Error::other)?;
    // Its end shows as the sender's.
    tokio::spawn(connection);
    Ok(sender)
}

type Broken = Box<dyn std::error::Error + Send + Sync>;

async fn answer(
    sender: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<(u16, Bytes), Broken> {
    let response: Response<Incoming> = sender.send_request(request).await?;
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await?;
    Ok((status, body.to_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_place_in_the_path() {
        assert_eq!(segment("de"), "de");
        assert_eq!(segment("../tokens?x=é"), "%2E%2E%2Ftokens%3Fx%3D%C3%A9");
    }
}
