//! The witness's HTTP surface: `POST /add-checkpoint`, and the newest checkpoint of each log for those who monitor.
//!
//! A thin shell. Connections, heads, bodies and times are bounded, and nobody's slowness costs others more than a place.
//! A request that was read whole is finished whether its client stays or not. A disk that does not confirm a write ends
//! the server: what is on it is known only after a start.

use std::{convert::Infallible, path::PathBuf, pin::pin, sync::Arc, time::Duration};

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Body, Bytes, Incoming},
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use ledger::{MAX_ADD_CHECKPOINT_BYTES, Note, TreeHead};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    time::{sleep, timeout},
};

use crate::{
    judge::{Refusal, Submission, Witness},
    store::{Kept, Store, StoreError},
};

/// The most connections at a time; who comes then waits in the socket's queue.
pub const MAX_CONNECTIONS: usize = 128;

/// How long a request's head may take, and an open connection may be silent.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a request's body may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// How old a connection may get: a place is nobody's for good.
const CONNECTION_AGE: Duration = Duration::from_secs(60);
/// How long its last answer may take then.
const LAST_ANSWER: Duration = Duration::from_secs(10);
/// How long to wait where a connection cannot be accepted, as without descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// The longest head, in bytes, and the most fields in it.
const MAX_HEAD: usize = 16 << 10;
const MAX_HEADERS: usize = 64;
/// What happened and is not told yet; more is passed over.
const MAX_EVENTS: usize = 64;
/// After how many seconds to try again where the disk refused.
const DISK_PAUSE: HeaderValue = HeaderValue::from_static("10");

/// The type of a 409's body that is a size (C2SP tlog-witness).
const SIZE: &str = "text/x.tlog.size";
const TEXT: &str = "text/plain; charset=utf-8";

/// Something that the witness's operator should know.
#[derive(Debug)]
pub enum Event {
    /// A log signed two checkpoints of which at most one is true.
    Fork {
        /// Which log.
        origin: String,
        /// The one that contradicts what is kept.
        head: TreeHead,
        /// Where it and what was kept were put, with their log's signatures.
        evidence: Option<[PathBuf; 2]>,
    },
    /// A checkpoint could not be kept.
    Store(String),
}

/// What all connections share.
struct Shared {
    witness: Witness,
    store: Store,
    events: mpsc::Sender<Event>,
    /// Told the error with which the server ends.
    end: mpsc::Sender<StoreError>,
}

type Answer = Response<Full<Bytes>>;

/// Serves until the disk does not confirm a write. What happens is told to `tell`.
pub async fn serve(
    listener: TcpListener,
    witness: Witness,
    store: Store,
    mut tell: impl FnMut(&Event),
) -> StoreError {
    let (events, mut told) = mpsc::channel(MAX_EVENTS);
    let (end, mut ended) = mpsc::channel(1);
    let shared = Arc::new(Shared { witness, store, events, end });
    let mut accepting = pin!(accept(listener, shared));
    loop {
        tokio::select! {
            biased;
            Some(error) = ended.recv() => return error,
            Some(event) = told.recv() => tell(&event),
            never = accepting.as_mut() => match never {},
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) -> Infallible {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        // Nobody closes it.
        let place = places.clone().acquire_owned().await.ok();
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = shared.clone();
                tokio::spawn(async move {
                    drive(stream, shared).await;
                    drop(place);
                });
            }
            Err(_) => sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn drive(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(|request| {
        let shared = shared.clone();
        async move { Ok::<_, Infallible>(answer(request, shared).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = sleep(CONNECTION_AGE) => connection.as_mut().graceful_shutdown(),
    }
    // Who went wrong is gone, and there is nobody to tell.
    let _ = timeout(LAST_ANSWER, connection).await;
}

async fn answer(request: Request<Incoming>, shared: Arc<Shared>) -> Answer {
    let path = request.uri().path();
    if path == "/add-checkpoint" {
        return match *request.method() {
            Method::POST => add_checkpoint(request.into_body(), shared).await,
            _ => allowed("POST"),
        };
    }
    let log = path.strip_prefix('/').and_then(|path| path.strip_suffix("/checkpoint"));
    match (log, request.method()) {
        (Some(log), &Method::GET) => newest(log.to_owned(), shared).await,
        (Some(_), _) => allowed("GET"),
        (None, _) => {
            said(StatusCode::NOT_FOUND, "there is nothing here: POST add-checkpoint is what a log asks for")
        }
    }
}

async fn add_checkpoint(body: Incoming, shared: Arc<Shared>) -> Answer {
    if body.size_hint().lower() > MAX_ADD_CHECKPOINT_BYTES as u64 {
        return too_large();
    }
    let read = timeout(BODY_TIMEOUT, Limited::new(body, MAX_ADD_CHECKPOINT_BYTES).collect()).await;
    let body = match read {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => return too_large(),
        Ok(Err(_)) => return said(StatusCode::BAD_REQUEST, "the body was not sent whole"),
        Err(_) => return said(StatusCode::REQUEST_TIMEOUT, "the body did not come in time"),
    };
    // The disk is waited for there, and its answer by nobody else's connection.
    let done = tokio::task::spawn_blocking(move || shared.add(&body)).await;
    done.unwrap_or_else(|_| said(StatusCode::INTERNAL_SERVER_ERROR, "the witness failed"))
}

async fn newest(log: String, shared: Arc<Shared>) -> Answer {
    let note = tokio::task::spawn_blocking(move || shared.store.newest(&log)).await.ok().flatten();
    match note {
        Some(note) => {
            let mut answer = said(StatusCode::OK, "");
            answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            *answer.body_mut() = note.to_string().into();
            answer
        }
        None => said(StatusCode::NOT_FOUND, "no checkpoint of such a log was ever signed here"),
    }
}

impl Shared {
    fn add(&self, body: &[u8]) -> Answer {
        let submission = match self.witness.examine(body) {
            Ok(submission) => submission,
            Err(refusal) => return refused(&refusal),
        };
        let decide = |kept: Option<&Kept>| self.witness.judge(&submission, kept, now());
        match self.store.advance(submission.origin(), decide) {
            Ok(Ok(kept)) => cosigned(&kept),
            Ok(Err(refusal)) => {
                if let Refusal::Fork { kept } = &refusal {
                    self.fork(&submission, kept);
                }
                refused(&refusal)
            }
            Err(error) => self.unkept(error),
        }
    }

    /// Two roots of one size, both under the log's signature.
    fn fork(&self, submission: &Submission, kept: &Note) {
        let stored = self.store.keep_fork(submission.origin(), kept, submission.evidence());
        let evidence = stored.map_err(|error| self.failed(error)).ok();
        let (origin, head) = (submission.origin().to_owned(), submission.head());
        let _ = self.events.try_send(Event::Fork { origin, head, evidence });
    }

    /// Tells the operator, and ends the server where nobody knows what is on the disk.
    fn failed(&self, error: StoreError) {
        let _ = self.events.try_send(Event::Store(error.to_string()));
        if matches!(error, StoreError::Unconfirmed { .. }) {
            let _ = self.end.try_send(error);
        }
    }

    fn unkept(&self, error: StoreError) -> Answer {
        self.failed(error);
        let why = "the witness could not keep the checkpoint, and so did not sign it: try again later";
        let mut answer = said(StatusCode::SERVICE_UNAVAILABLE, why);
        answer.headers_mut().insert(RETRY_AFTER, DISK_PAUSE);
        answer
    }
}

fn cosigned(kept: &Kept) -> Answer {
    let mut answer = said(StatusCode::OK, "");
    let line = kept.cosignature().map(|line| format!("{line}\n")).unwrap_or_default();
    *answer.body_mut() = line.into();
    answer
}

fn refused(refusal: &Refusal) -> Answer {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = said(status, &refusal.to_string());
    if let Refusal::OtherSize(size) = refusal {
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(SIZE));
        *answer.body_mut() = format!("{size}\n").into();
    }
    answer
}

fn too_large() -> Answer {
    said(StatusCode::PAYLOAD_TOO_LARGE, &format!("the body is longer than {MAX_ADD_CHECKPOINT_BYTES} bytes"))
}

fn allowed(method: &'static str) -> Answer {
    let mut answer = said(StatusCode::METHOD_NOT_ALLOWED, "this path takes another method");
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(method));
    answer
}

fn said(status: StatusCode, why: &str) -> Answer {
    let mut answer = Response::new(Full::from(format!("{why}\n")));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(TEXT));
    answer
}

/// Seconds since 1970; 0 where the clock is before.
fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
