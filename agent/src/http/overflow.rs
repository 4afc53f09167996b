//! Connections that get an answer instead of a place: they are told why, and have a moment to read it.
//!
//! The answer waits for the first bytes of a question, since clients take one that comes before they asked for a
//! broken connection. These moments are bounded in time and number; beyond that the words are left with the kernel,
//! and who is still sending may miss them.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use api::{PROBLEM_JSON, Problem};
use axum::http::StatusCode;
use rustix::net::{SendFlags, Shutdown, send, shutdown};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::limits::Limits;
use super::linger::Linger;

/// How many connections of one socket may be told at a time, and how many of one uid.
const MAX_TOLD: u32 = 256;
const MAX_TOLD_PER_UID: u32 = 128;
/// How long one may take to ask.
const ASKS: Duration = Duration::from_secs(1);

/// Those that are being told.
pub(super) struct Overflow {
    limits: Arc<Limits>,
    /// How long one may take to ask.
    asks: Duration,
}

impl Overflow {
    pub(super) fn new() -> Self {
        Self { limits: Limits::new(MAX_TOLD, MAX_TOLD_PER_UID), asks: ASKS }
    }

    /// Answers a connection with a problem, whatever it asks, and hangs up. `guard` is held until then.
    pub(super) fn tell(&self, socket: UnixStream, uid: u32, problem: &Problem, guard: impl Send + 'static) {
        let answer = answer(problem);
        let Ok(place) = self.limits.place(uid) else {
            say(&socket, &answer);
            return;
        };
        let asks = self.asks;
        tokio::spawn(async move {
            let _held = (place, guard);
            // Who says nothing is told all the same.
            let _ = timeout(asks, socket.readable()).await;
            if say(&socket, &answer) && shutdown(&socket, Shutdown::Write).is_ok() {
                let mut linger = Linger::begin();
                poll_fn(|cx| linger.poll(&socket, cx)).await;
            }
        });
    }
}

/// Leaves the answer with the kernel, by the system call itself: tokio does not know yet whether a socket that just came
/// can be written to. A client that does not even take this much is not worth waiting for.
fn say(socket: &UnixStream, answer: &str) -> bool {
    send(socket, answer.as_bytes(), SendFlags::NOSIGNAL).is_ok()
}

fn answer(problem: &Problem) -> String {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let retry = problem.retry_after.map(|seconds| format!("Retry-After: {seconds}\r\n")).unwrap_or_default();
    let body = serde_json::to_string(problem).unwrap_or_default();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {PROBLEM_JSON}\r\n{retry}Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use std::io;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    impl Overflow {
        fn tells(&self) -> UnixStream {
            let (ours, theirs) = UnixStream::pair().unwrap();
            self.tell(ours, 7, &Problem::unavailable("busy", "Busy", "Later."), ());
            theirs
        }
    }

    async fn is_told(mut one: UnixStream) {
        let mut answer = String::new();
        one.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{answer}");
        assert!(answer.contains("Retry-After: 1\r\nConnection: close"), "{answer}");
    }

    #[tokio::test]
    async fn who_says_nothing_is_told_all_the_same() {
        let overflow = Overflow { asks: Duration::from_millis(1), ..Overflow::new() };
        is_told(overflow.tells()).await;
    }

    #[tokio::test]
    async fn who_asks_is_told_then_and_who_is_one_too_many_at_once() {
        let overflow = Overflow { asks: Duration::from_secs(3600), ..Overflow::new() };
        let told: Vec<_> = (0..MAX_TOLD_PER_UID).map(|_| overflow.tells()).collect();
        is_told(overflow.tells()).await;
        for mut one in told {
            let early = one.try_read(&mut [0]).map_err(|error| error.kind());
            assert_eq!(early, Err(io::ErrorKind::WouldBlock), "it has not asked yet");
            one.write_all(b"G").await.unwrap();
            is_told(one).await;
        }
    }
}
