//! The load generator: keeps a number of connections busy, one request in flight on each, from one thread.
//!
//! It shares the cores with the agent, so it is as cheap as can be: prepared requests, one read and one write for
//! each answer, epoll only where there is more than one connection. Any answer but a 200 ends the bench.

use crate::http::Head;
use crate::latency::Latencies;
use crate::problem::Problem;
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// The longest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 16 * 1024;
/// How long the agent may say nothing, in seconds.
const PATIENCE_S: u64 = 15;

/// What one measurement of the agent saw.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) answers: usize,
    pub(crate) per_s: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

/// Open connections, and the requests that they send in turn.
pub(crate) struct Load<'a> {
    connections: Vec<Connection>,
    requests: std::iter::Cycle<std::slice::Iter<'a, Vec<u8>>>,
}

impl<'a> Load<'a> {
    pub(crate) fn open(socket: &Path, requests: &'a [Vec<u8>], connections: usize) -> Result<Self, Problem> {
        let connections = (0..connections).map(|_| Connection::open(socket)).collect::<Result<_, _>>()?;
        Ok(Self { connections, requests: requests.iter().cycle() })
    }

    /// Sends for so long, and waits for the answers still under way.
    pub(crate) fn run(&mut self, time: Duration) -> Result<Outcome, Problem> {
        let mut latencies = Latencies::new();
        let began = Instant::now();
        let end = began + time;
        match self.connections.as_slice() {
            [_] => self.one(end, &mut latencies)?,
            _ => self.many(end, &mut latencies)?,
        }
        let (answers, elapsed) = (latencies.count(), began.elapsed().as_secs_f64());
        let (p50_us, p99_us) = latencies.p50_p99_us();
        Ok(Outcome { answers, per_s: answers as f64 / elapsed, p50_us, p99_us })
    }

    fn one(&mut self, end: Instant, latencies: &mut Latencies) -> Result<(), Problem> {
        while Instant::now() < end {
            self.send(0)?;
            let latency = loop {
                if let Some(latency) = self.connections[0].receive()? {
                    break latency;
                }
            };
            latencies.push(latency);
        }
        Ok(())
    }

    fn many(&mut self, end: Instant, latencies: &mut Latencies) -> Result<(), Problem> {
        let epoll = self.watch()?;
        (0..self.connections.len()).try_for_each(|index| self.send(index))?;
        let mut in_flight = self.connections.len();
        let mut ready = Vec::with_capacity(in_flight);
        while in_flight > 0 {
            wait(&epoll, &mut ready)?;
            for event in ready.drain(..) {
                let index = event.data.u64() as usize;
                let Some(latency) = self.connections[index].receive()? else { continue };
                latencies.push(latency);
                match Instant::now() < end {
                    true => self.send(index)?,
                    false => in_flight -= 1,
                }
            }
        }
        Ok(())
    }

    fn watch(&self) -> Result<rustix::fd::OwnedFd, Problem> {
        let epoll =
            epoll::create(epoll::CreateFlags::CLOEXEC).map_err(Problem::io("watch the connections"))?;
        for (index, connection) in self.connections.iter().enumerate() {
            let data = epoll::EventData::new_u64(index as u64);
            let added = epoll::add(&epoll, &connection.stream, data, epoll::EventFlags::IN);
            added.map_err(Problem::io("watch a connection"))?;
        }
        Ok(epoll)
    }

    fn send(&mut self, index: usize) -> Result<(), Problem> {
        match self.requests.next() {
            Some(request) => self.connections[index].send(request),
            None => Err(Problem::Answer("no request was prepared".to_owned())),
        }
    }
}

fn wait(epoll: &rustix::fd::OwnedFd, ready: &mut Vec<epoll::Event>) -> Result<(), Problem> {
    let patience = Timespec { tv_sec: PATIENCE_S as i64, tv_nsec: 0 };
    epoll::wait(epoll, spare_capacity(ready), Some(&patience)).map_err(Problem::io("wait for the agent"))?;
    if ready.is_empty() { Err(Problem::Silent(PATIENCE_S)) } else { Ok(()) }
}

/// One connection with at most one request in flight.
pub(crate) struct Connection {
    stream: UnixStream,
    buffer: Box<[u8]>,
    filled: usize,
    sent: Instant,
}

impl Connection {
    pub(crate) fn open(socket: &Path) -> Result<Self, Problem> {
        let stream = UnixStream::connect(socket).map_err(Problem::at("connect to", socket))?;
        stream
            .set_read_timeout(Some(Duration::from_secs(PATIENCE_S)))
            .map_err(Problem::io("set a time-out"))?;
        Ok(Self { stream, buffer: vec![0; MAX_ANSWER_BYTES].into(), filled: 0, sent: Instant::now() })
    }

    fn send(&mut self, request: &[u8]) -> Result<(), Problem> {
        self.sent = Instant::now();
        self.filled = 0;
        self.stream.write_all(request).map_err(Problem::io("send a request"))
    }

    /// Reads once; the answer's latency if it is all there.
    fn receive(&mut self) -> Result<Option<Duration>, Problem> {
        let read = self.stream.read(&mut self.buffer[self.filled..]).map_err(|error| match error.kind() {
            ErrorKind::WouldBlock => Problem::Silent(PATIENCE_S),
            _ => Problem::io("read an answer")(error),
        })?;
        if read == 0 {
            return Err(Problem::Answer("the connection was closed, or the answer was too long".to_owned()));
        }
        self.filled += read;
        let received = &self.buffer[..self.filled];
        let Some(head) = Head::read(received)?.filter(|head| head.end <= self.filled) else {
            return Ok(None);
        };
        if head.status != 200 || head.end < self.filled {
            return Err(Problem::Answer(String::from_utf8_lossy(received).into_owned()));
        }
        Ok(Some(self.sent.elapsed()))
    }

    /// Asks once and gives the body of the answer.
    pub(crate) fn ask(&mut self, request: &[u8]) -> Result<&[u8], Problem> {
        self.send(request)?;
        while self.receive()?.is_none() {}
        let received = &self.buffer[..self.filled];
        let body = Head::read(received)?.map_or(0, |head| head.body);
        Ok(&received[body..])
    }
}
