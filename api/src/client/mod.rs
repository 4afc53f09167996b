//! The HTTP client: HTTP/1.1 over one connection to one unix socket, one request at a time, each with its time limit.
//!
//! It hands back the bytes that the agent sent. An answer that is no success is an error with those bytes. For callers
//! without an event loop there is [`blocking`].

pub mod blocking;
mod error;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::UnixStream;
use tokio::time::{sleep, timeout};

pub use error::{Error, Unreached};
pub use hyper::body::Bytes;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long until a full queue is knocked at again.
const KNOCK_AGAIN: Duration = Duration::from_millis(10);
/// How long an answer may take that needs no more than a signature.
pub const QUICK: Duration = Duration::from_secs(60);
/// How long an answer may take for which a token makes keys, on each of a connector's tokens.
pub const SLOW: Duration = Duration::from_secs(30 * 60);
/// The longest answer that is read, in bytes.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// A connection to an agent.
pub struct Client {
    path: PathBuf,
    sender: SendRequest<Full<Bytes>>,
}

impl Client {
    /// Connects.
    pub async fn connect(path: &Path) -> Result<Self, Unreached> {
        match timeout(CONNECT, open(path)).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(sender) => Ok(Self { path: path.to_owned(), sender }),
            Err(error) => Err(Unreached { path: path.to_owned(), error }),
        }
    }

    /// Where the agent is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Asks for what is there.
    pub async fn get(&mut self, path: &str) -> Result<Bytes, Error> {
        self.send(Method::GET, path, Bytes::new(), QUICK).await
    }

    /// Asks for something to be done; `patience` is the time limit.
    pub async fn post(
        &mut self,
        path: &str,
        body: &impl Serialize,
        patience: Duration,
    ) -> Result<Bytes, Error> {
        self.send(Method::POST, path, json(body)?, patience).await
    }

    /// Puts something in its place.
    pub async fn put(&mut self, path: &str, body: &impl Serialize) -> Result<Bytes, Error> {
        self.send(Method::PUT, path, json(body)?, QUICK).await
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Bytes,
        patience: Duration,
    ) -> Result<Bytes, Error> {
        // The agent may have closed a connection that rested; nothing was asked on it, so asking anew is safe.
        if self.sender.ready().await.is_err() {
            *self = Self::connect(&self.path).await?;
        }
        let request = Request::builder().method(method).uri(path).header(HOST, "localhost");
        let request = request.header(CONTENT_TYPE, "application/json").body(Full::new(body));
        let request = request.map_err(|error| Error::Unaskable(error.to_string()))?;
        let answer = timeout(patience, answer(&mut self.sender, request)).await;
        let answer = answer.unwrap_or_else(|_| Err("no answer in time".into()));
        let (status, body) = answer.map_err(|error| Error::NoAnswer(error.to_string()))?;
        if (200..300).contains(&status) { Ok(body) } else { Err(Error::Refused { status, body }) }
    }
}

fn json(body: &impl Serialize) -> Result<Bytes, Error> {
    serde_json::to_vec(body).map(Bytes::from).map_err(|error| Error::Unaskable(error.to_string()))
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
