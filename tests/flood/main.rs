//! `kunci-flood SOCKET ask|knock|spread`: a program without any right that does all that it can do to the agent's socket, until its
//! standard input ends. It then prints how often it tried.
//!
//! To ask is connections that stay and ask again and again, connections that leave without their answer, and connections
//! that only stand there. To knock is to connect and leave. To spread, which takes root, is to ask as one user after the other,
//! as somebody does who has sub-uids; it keeps its group.

#![allow(clippy::unwrap_used)]

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use nix::unistd::{ROOT, setresuid};
use tests::agent::{assertions, body};
use tests::http::Connection;
use tests::rig::{CLIENT, TENANT};

/// The threads of each way.
const STEADY: usize = 64;
const STORMING: usize = 4;
const KNOCKING: usize = 4;
const STANDING: usize = 2;
/// How many connections each of the latter tries to hold.
const HELD: usize = 200;

/// The users of who spreads, and how often each asks: for the connector, and for one that is not there.
const FIRST_UID: u32 = 200_000;
const UIDS: u32 = 3_000;
const ASKED: usize = 2;

static TRIED: AtomicU64 = AtomicU64::new(0);

fn main() {
    let socket = PathBuf::from(std::env::args().nth(1).unwrap());
    match std::env::args().nth(2).as_deref() {
        Some("ask") => {
            start(&socket, STEADY, steady);
            start(&socket, STORMING, storm);
            start(&socket, STANDING, stand);
        }
        Some("knock") => start(&socket, KNOCKING, knock),
        // No other thread: what the kernel and /proc say of this process is then one and the same.
        Some("spread") => return spread(&socket),
        _ => panic!("ask, knock or spread?"),
    }
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink()).unwrap();
    println!("{}", TRIED.load(Ordering::Relaxed));
}

fn start(socket: &Path, threads: usize, way: fn(&Path, usize)) {
    for number in 0..threads {
        let socket = socket.to_owned();
        thread::spawn(move || {
            loop {
                way(&socket, number);
            }
        });
    }
}

/// One connection, and request after request on it: some refused, each for another reason, some that anybody may have.
fn steady(socket: &Path, number: usize) {
    let Ok(mut connection) = Connection::open(socket) else { return thread::yield_now() };
    for turn in 0.. {
        TRIED.fetch_add(1, Ordering::Relaxed);
        let public = (number + turn).is_multiple_of(2);
        let reply = match public {
            true => connection.send("GET", "/v1/openapi.json", b""),
            false => {
                let (path, body) = refusable(number + turn);
                connection.send("POST", &path, body.as_bytes())
            }
        };
        match reply {
            // What anybody may have is refused where there is no place.
            Ok(reply) => assert!(public || reply.status >= 400, "{reply:?}"),
            Err(_) => return,
        }
    }
}

/// A connection, one request, and away without its answer.
fn storm(socket: &Path, number: usize) {
    let Ok(mut connection) = Connection::open(socket) else { return thread::yield_now() };
    let (path, body) = refusable(number);
    let head = format!("POST {path} HTTP/1.1\r\nHost: kunci\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    TRIED.fetch_add(1, Ordering::Relaxed);
    // The agent may have hung up already.
    let _ = std::io::Write::write_all(connection.stream(), head.as_bytes());
}

/// As one user after the other, each with a connection and some requests, until all of them asked.
fn spread(socket: &Path) {
    for uid in FIRST_UID..FIRST_UID + UIDS {
        // The saved one is the way back.
        setresuid(uid.into(), uid.into(), ROOT).unwrap();
        let mut connection = Connection::open(socket).unwrap();
        for turn in 0..ASKED {
            let (path, body) = refusable(turn);
            let reply = connection.send("POST", &path, body.as_bytes()).unwrap();
            assert_eq!(reply.status, 403, "{reply:?}");
            TRIED.fetch_add(1, Ordering::Relaxed);
        }
        drop(connection);
        setresuid(ROOT, ROOT, ROOT).unwrap();
    }
    println!("{}", TRIED.load(Ordering::Relaxed));
}

/// A connection and away.
fn knock(socket: &Path, _number: usize) {
    TRIED.fetch_add(1, Ordering::Relaxed);
    if UnixStream::connect(socket).is_err() {
        thread::yield_now();
    }
}

/// Many connections that say nothing.
fn stand(socket: &Path, _number: usize) {
    let held: Vec<_> = (0..HELD).map_while(|_| UnixStream::connect(socket).ok()).collect();
    TRIED.fetch_add(held.len() as u64, Ordering::Relaxed);
    // As long as the agent bears the last one.
    if let Some(mut last) = held.last() {
        last.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        let _ = std::io::Read::read(&mut last, &mut [0]);
    }
}

/// Requests that a user without rights may try, and names of its own in them.
fn refusable(turn: usize) -> (String, String) {
    let pair = body(TENANT, CLIENT);
    match turn % 5 {
        0 => (assertions("de"), pair),
        1 => (assertions(&format!("connector-{turn}")), pair),
        2 => (assertions("de"), body(&format!("tenant-{turn}.example"), CLIENT)),
        3 => (assertions("de"), format!("{{\"tenant\": {turn}")),
        _ => (format!("/v1/{}", "x".repeat(turn % 1000)), "x".repeat(turn % 4000)),
    }
}
