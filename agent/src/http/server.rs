//! Accepts connections and drives HTTP on them.
//!
//! A connection has a peer before it has a request; the peer is asked for again at each request. Heads, bodies and
//! writes have time-outs, sizes are bounded, and one uid cannot take all places.

use std::convert::Infallible;
use std::io;
use std::os::unix::net::UnixListener as StdListener;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use api::Problem;
use axum::Router;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::CONNECTION;
use axum::response::{IntoResponse, Response};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::sleep;
use tower::ServiceExt;

use super::limits::{Full, Limits, Place};
use super::overflow::Overflow;
use super::silence::Silence;
use super::stream::{Outbox, Stream};
use super::{Surface, router};
use crate::front::Front;
use crate::ipc::peer::{NoPeer, Peer};
use crate::spine::in_flight::InFlight;

/// How long the head of a request may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(15);
/// The longest head of a request, in bytes.
const MAX_HEAD: usize = 16 * 1024;
/// The most header fields of a request.
const MAX_HEADERS: usize = 64;
/// How many knocks there may be before the door is shut for a while: a connection without a place is one, one of a uid
/// that keeps connecting for nothing is as many.
const MAX_KNOCKS: u32 = 2;
/// How long it then stays shut, so that knocking is no flood. Newcomers with rights wait behind those who knock.
const FULL_PAUSE: Duration = Duration::from_millis(1);
/// How long to wait after accept(2) failed, as it does when descriptors are short.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What every connection of one socket shares.
struct Server {
    front: Arc<Front>,
    router: Router,
    limits: Arc<Limits>,
    overflow: Overflow,
}

/// Serves one socket from now on.
pub fn serve(front: Arc<Front>, listener: StdListener, surface: Surface) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = UnixListener::from_std(listener)?;
    let limits = Limits::new(front.agent.max_connections, front.agent.max_connections_per_uid);
    let (router, overflow) = (router(front.clone(), surface), Overflow::new());
    let server = Arc::new(Server { front, router, limits, overflow });
    tokio::spawn(async move {
        let mut knocks = 0;
        loop {
            let accepted = tokio::select! {
                biased;
                // Who has not come in yet waits for the next front: the queue is the supervisor's, or systemd's.
                () = server.front.shutdown.begun() => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((socket, _)) => knocks += server.clone().admit(socket),
                Err(error) => {
                    tracing::error!(%error, "a connection cannot be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
            if knocks >= MAX_KNOCKS {
                knocks = 0;
                sleep(FULL_PAUSE).await;
            }
        }
    });
    Ok(())
}

impl Server {
    /// Finds a place for a connection, and says how many knocks it is. Who has none is turned away before anything more
    /// is read of it.
    fn admit(self: Arc<Self>, socket: UnixStream) -> u32 {
        let uid = match socket.peer_cred() {
            Ok(credentials) => credentials.uid(),
            Err(error) => {
                tracing::debug!(%error, "a connection without a uid");
                return 1;
            }
        };
        let place = match self.limits.place(uid) {
            Ok(place) => place,
            Err(full) => {
                self.turn_away(socket, uid, &full.into());
                return 1;
            }
        };
        let knocks = if place.is_suspect() { MAX_KNOCKS } else { 0 };
        match self.peer(&socket) {
            Ok(peer) if !self.front.policy().knows(&peer) && !place.is_a_strangers() => {
                self.turn_away(socket, uid, &Full::Total.into());
                return 1;
            }
            Ok(peer) => {
                tokio::spawn(async move { self.drive(socket, Arc::new(peer), &place).await });
            }
            Err(error) => {
                tracing::debug!(%error, uid, "a connection without a peer");
                self.turn_away(socket, uid, &error.into());
            }
        }
        knocks
    }

    fn peer(&self, socket: &UnixStream) -> Result<Peer, NoPeer> {
        let peer = Peer::of(socket)?;
        let is_host = rustix::process::getppid().is_some_and(|supervisor| peer.is_child_of(supervisor));
        if is_host { Err(NoPeer::Host) } else { Ok(peer) }
    }

    /// Says why there is no place or no peer, and hangs up.
    fn turn_away(&self, socket: UnixStream, uid: u32, problem: &Problem) {
        self.overflow.tell(socket, uid, problem, self.front.shutdown.enter());
    }

    async fn drive(&self, socket: UnixStream, peer: Arc<Peer>, place: &Place) {
        let _inside = self.front.shutdown.enter();
        let (outbox, silence) = (Outbox::default(), Arc::new(Silence::begin()));
        let stream = TokioIo::new(Stream::new(socket, peer.clone(), outbox.clone(), silence.clone()));
        let service = service_fn(|request| async {
            let _busy = silence.busy();
            let answer = self.answer(request, peer.clone(), outbox.clone()).await;
            answer.inspect(|_| place.answered())
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(MAX_HEAD)
            .max_headers(MAX_HEADERS)
            .half_close(true)
            .serve_connection(stream, service);
        let mut connection = pin!(connection);
        let served = tokio::select! {
            biased;
            served = connection.as_mut() => served,
            () = silence.ends(&self.front.shutdown) => connection.await,
        };
        if let Err(error) = served {
            tracing::debug!(%error, uid = peer.uid(), "a connection ended");
        }
    }

    async fn answer(
        &self,
        request: hyper::Request<hyper::body::Incoming>,
        peer: Arc<Peer>,
        outbox: Outbox,
    ) -> Result<Response, Gone> {
        // The process that connected may have ended and left its socket to another.
        if !peer.lives() {
            return Err(Gone);
        }
        let (uid, stranger) = (peer.uid(), !self.front.policy().knows(&peer));
        let mut request: Request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(peer);
        let answer = self.front.shutdown.answered(self.router.clone().oneshot(request)).await;
        let mut response = match answer {
            Ok(answer) => answer.unwrap_or_else(|never: Infallible| match never {}),
            Err(stopping) => stopping.into_response(),
        };
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            tell(&problem);
        }
        if let Some(in_flight) = response.extensions_mut().remove::<Arc<InFlight>>() {
            outbox.put(in_flight);
        }
        // What a stranger asks for and gets is as much in the others' way as what it does not get.
        if response.status().is_client_error() || stranger {
            sleep(self.limits.refused(uid, Instant::now())).await;
        }
        if self.front.shutdown.began_at().is_some() {
            // Nothing more is asked here, so that nothing more can be lost.
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response)
    }
}

/// The log level follows the class.
fn tell(problem: &Problem) {
    match problem.status {
        500.. => tracing::error!(code = problem.code, detail = problem.detail, "{}", problem.title),
        _ => tracing::debug!(code = problem.code, "{}", problem.title),
    }
}

/// The peer is gone: the connection is closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the peer is gone")]
struct Gone;
