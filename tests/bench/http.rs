//! Just enough HTTP/1.1 to ask the agent for assertions: the bytes of a request, the first look at an answer.
//!
//! Written by hand because the load generator shares two cores with what it measures. It knows Content-Length only.

use crate::algorithm::Algorithm;
use crate::problem::Problem;

/// The bytes of one request for an assertion.
pub(crate) fn assertion_request(algorithm: Algorithm, tenant: &str, client_id: &str) -> Vec<u8> {
    let body = serde_json::json!({ "tenant": tenant, "client_id": client_id }).to_string();
    let head = format!(
        "POST /v1/connectors/{}/assertions HTTP/1.1\r\nHost: kunci\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        algorithm.connector(),
        body.len(),
    );
    (head + &body).into_bytes()
}

/// The head of an answer, and where it ends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// Where the body begins, in bytes.
    pub(crate) body: usize,
    /// Where the answer ends, in bytes.
    pub(crate) end: usize,
}

impl Head {
    /// Reads the head of an answer; `None` while it is not all there.
    pub(crate) fn read(bytes: &[u8]) -> Result<Option<Self>, Problem> {
        let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let bad = || Problem::Answer(format!("the head {:?}", String::from_utf8_lossy(&bytes[..at])));
        let text = std::str::from_utf8(&bytes[..at]).map_err(|_| bad())?;
        let status =
            text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok()).ok_or_else(bad)?;
        let length = text.lines().find_map(content_length).ok_or_else(bad)?;
        let body = at + 4;
        Ok(Some(Self { status, body, end: body + length }))
    }
}

fn content_length(line: &str) -> Option<usize> {
    let (name, value) = line.split_once(':')?;
    name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_head_says_where_its_answer_ends() {
        let answer = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\ndate: x\r\n\r\n{}";
        let head = Head::read(answer).unwrap().unwrap();
        assert_eq!((head.status, &answer[head.body..head.end]), (403, b"{}".as_slice()));
    }

    #[test]
    fn half_a_head_is_none_yet() {
        assert_eq!(Head::read(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n").unwrap(), None);
    }

    #[test]
    fn an_answer_without_a_length_is_refused() {
        assert!(Head::read(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }
}
