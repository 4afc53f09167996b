//! A small HTTP/1.1 client over a unix socket, plain enough to send what no library would.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::documented;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(60);

/// An answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// One connection, kept alive.
pub struct Connection {
    stream: BufReader<UnixStream>,
}

impl Connection {
    pub fn open(socket: &Path) -> std::io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(ANSWER))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// The socket below, to send whatever.
    pub fn stream(&mut self) -> &mut UnixStream {
        self.stream.get_mut()
    }

    /// Sends a request and reads its answer; who is turned away has one before the request is taken.
    #[track_caller]
    pub fn send(&mut self, method: &str, path: &str, body: &[u8]) -> std::io::Result<Reply> {
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: kunci\r\nContent-Length: {}\r\n\r\n", body.len());
        let sent = self.stream().write_all(&[head.as_bytes(), body].concat());
        let reply = self.read().or_else(|unread| sent.and(Err(unread)))?;
        documented::expect(method, path, reply.status);
        Ok(reply)
    }

    /// Reads one answer.
    pub fn read(&mut self) -> std::io::Result<Reply> {
        let status = self.line()?;
        let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
        let status = status.ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let mut headers = Vec::new();
        while let Some((name, value)) = self.line()?.split_once(':') {
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(Reply { status, headers, body })
    }

    fn line(&mut self) -> std::io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}

impl Reply {
    /// The first answer in what was read so far, and its length, once it is whole.
    pub fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let fields = lines.filter_map(|line| line.split_once(':'));
        let headers = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
        let mut reply = Self { status, headers: headers.collect(), body: Vec::new() };
        let length = end + 4 + reply.header("content-length").map_or(0, |length| length.parse().unwrap());
        reply.body = bytes.get(end + 4..length)?.to_vec();
        Some((reply, length))
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The stable code of a problem.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// This answer, which must be a success.
    #[track_caller]
    pub fn ok(self) -> Self {
        assert!((200..300).contains(&self.status), "{} {}", self.status, String::from_utf8_lossy(&self.body));
        self
    }

    /// This answer, which must be this problem.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        let text = String::from_utf8_lossy(&self.body).into_owned();
        assert_eq!((self.status, self.code().as_str()), (status, code), "{text}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        self
    }
}
