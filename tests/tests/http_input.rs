//! What no library would send: malformed, oversized, slow, half-closed and pipelined HTTP, and greedy clients.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use tests::agent::{assertions, body};
use tests::caller::NOBODY;
use tests::http::Connection;
use tests::rig::{CLIENT, OBJECT, TENANT};
use tests::wait::{PATIENCE, until, until_true};
use tests::{Agent, Reply, Rig};

/// The limits that the agent keeps.
const MAX_HEAD: usize = 16 * 1024;
const MAX_BODY: usize = 4 * 1024;
const MAX_HEADERS: usize = 64;
const PLACES: usize = 256;

#[test]
fn what_is_not_http_is_refused_and_the_next_request_is_answered() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let good = request("", &body(TENANT, CLIENT));
    let cases: [(&str, Vec<u8>); 9] = [
        ("garbage", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".to_vec()),
        ("words", b"good day to you\r\n\r\n".to_vec()),
        ("another version", good.replace("HTTP/1.1", "HTTP/3.0").into()),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()),
        ("a length in letters", good.replace("Content-Length: ", "Content-Length: x").into()),
        ("a negative length", good.replace("Content-Length: ", "Content-Length: -").into()),
        ("two lengths", good.replace("Host: kunci", "Content-Length: 3").into()),
        ("a field without a colon", good.replace("Host: kunci", "Host kunci").into()),
        ("an unknown coding", good.replace("Host: kunci", "Transfer-Encoding: gzip").into()),
    ];
    let before = rig.entries().len();
    for (what, bytes) in &cases {
        let answer = exchange(&agent, bytes);
        assert!(answer.as_ref().is_none_or(|reply| reply.status == 400), "{what}: {answer:?}");
    }
    assert_eq!(rig.entries().len(), before, "nothing of it is on record");
    agent.assertion("de").ok();
}

#[test]
fn a_request_that_is_not_exactly_right_gets_a_problem_with_a_stable_code() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let path = &assertions("de");
    let (tenant, client) = (TENANT, CLIENT);
    let cases = [
        ("POST", path.as_str(), "{".to_owned(), 400, "invalid-body"),
        ("POST", path, String::new(), 400, "invalid-body"),
        ("POST", path, "[]".to_owned(), 400, "invalid-body"),
        ("POST", path, format!(r#"{{"tenant":"{tenant}"}}"#), 400, "invalid-body"),
        (
            "POST",
            path,
            format!(r#"{{"tenant":"{tenant}","client_id":"{client}","jti":"j"}}"#),
            400,
            "invalid-body",
        ),
        (
            "POST",
            path,
            format!(r#"{{"tenant":"{tenant}","tenant":"{tenant}","client_id":"{client}"}}"#),
            400,
            "invalid-body",
        ),
        ("POST", path, format!(r#"{{"tenant":7,"client_id":"{client}"}}"#), 400, "invalid-body"),
        ("POST", path, body("common", client), 400, "invalid-tenant"),
        ("POST", path, body("a/../b", client), 400, "invalid-tenant"),
        ("POST", path, body(tenant, ""), 400, "invalid-client-id"),
        ("POST", "/v1/connectors/DE/assertions", body(tenant, client), 400, "invalid-connector"),
        ("POST", "/v1/connectors/%ff/assertions", body(tenant, client), 400, "invalid-path"),
        ("GET", path, String::new(), 405, "method-not-allowed"),
        ("DELETE", "/v1/health", String::new(), 405, "method-not-allowed"),
        ("GET", "/v2/health", String::new(), 404, "no-such-path"),
        ("POST", "/v1/sign", r#"{"digest":"00"}"#.to_owned(), 404, "no-such-path"),
        ("POST", "/v1/connectors/de/freeze", r#"{"reason":"r"}"#.to_owned(), 404, "no-such-path"),
    ];
    let mut connection = agent.connection();
    for (method, path, body, status, code) in &cases {
        let reply = connection.send(method, path, body.as_bytes()).unwrap();
        assert_eq!((reply.status, &*reply.code()), (*status, *code), "{method} {path} {body}");
        reply.refused(*status, code);
    }
    connection.send("POST", path, body(TENANT, CLIENT).as_bytes()).unwrap().ok();
}

/// serde takes an array for an object, and counts its members by their place: nobody sees from it what it asks for.
#[test]
fn an_array_is_nobodys_body() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let array = |members: &[&str]| serde_json::json!(members).to_string();
    agent.call("POST", &assertions("de"), &array(&[TENANT, CLIENT])).refused(400, "invalid-body");
    let pem = rig.kunci_ok(&["cert", "de"]);
    let admins = [
        ("POST", "proofs", array(&[OBJECT, "reason"])),
        ("POST", "freeze", array(&["reason"])),
        ("POST", "thaw", array(&["reason"])),
        ("PUT", "certificate", array(&[&pem])),
        ("POST", "provision", "[true, 30, null]".to_owned()),
        ("POST", "provision", " \n[]".to_owned()),
    ];
    let before = rig.entries().len();
    for (method, what, body) in admins {
        agent.admin(method, &format!("/v1/connectors/de/{what}"), &body).refused(400, "invalid-body");
    }
    assert_eq!(rig.entries().len(), before, "nothing of it was done");
    agent.assertion("de").ok();
}

#[test]
fn what_is_too_large_is_refused_without_being_read_to_its_end() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let good = body(TENANT, CLIENT);
    let pad = |length: usize| format!("{good}{}", " ".repeat(length - good.len()));
    let long = |length: usize| request(&format!("X-Long: {}\r\n", "x".repeat(length)), &good);
    let many = |count: usize| request(&"X-Many: x\r\n".repeat(count), &good);
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    let chunked = |chunks: &str| {
        let head =
            "POST /v1/connectors/de/assertions HTTP/1.1\r\nHost: k\r\nTransfer-Encoding: chunked\r\n\r\n";
        format!("{head}{chunks}0\r\n\r\n")
    };
    let answer = |bytes: String| exchange(&agent, bytes.as_bytes()).unwrap();

    assert_eq!(answer(long(MAX_HEAD)).status, 431);
    assert_eq!(answer(many(MAX_HEADERS)).status, 431);
    answer(long(MAX_HEAD / 2)).ok();
    answer(many(MAX_HEADERS - 2)).ok();

    answer(request("", &pad(MAX_BODY + 1))).refused(413, "body-too-large");
    answer(chunked(&chunk(&pad(1024)).repeat(5))).refused(413, "body-too-large");
    // A body of 1 GiB is refused by its first bytes.
    let endless = request("", "").replace("Content-Length: 0", "Content-Length: 1073741824");
    answer(endless + &pad(MAX_BODY + 1)).refused(413, "body-too-large");
    answer(request("", &pad(MAX_BODY))).ok();
    answer(chunked(&(chunk(&good[..10]) + &chunk(&good[10..])))).ok();
}

#[test]
fn a_client_that_has_said_all_and_shut_its_side_is_answered() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let mut connection = agent.connection();
    connection.stream().write_all(request("", &body(TENANT, CLIENT)).as_bytes()).unwrap();
    connection.stream().shutdown(Shutdown::Write).unwrap();
    connection.read().unwrap().ok();
    // One that shuts its side in the middle of a body has not said all.
    let mut cut = agent.connection();
    cut.stream().write_all(&request("", &body(TENANT, CLIENT)).as_bytes()[..90]).unwrap();
    cut.stream().shutdown(Shutdown::Write).unwrap();
    assert!(cut.read().map_or(true, |reply| reply.status == 400));
    agent.assertion("de").ok();
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    const MANY: usize = 10;
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let mut connection = agent.connection();
    let health = "GET /v1/health HTTP/1.1\r\nHost: kunci\r\n\r\n";
    let pair = format!("{}{health}", request("", &body(TENANT, CLIENT)));
    connection.stream().write_all(pair.repeat(MANY / 2).as_bytes()).unwrap();
    let mut indices = Vec::new();
    for _ in 0..MANY / 2 {
        indices.push(connection.read().unwrap().ok().json()["log_index"].as_u64().unwrap());
        assert!(connection.read().unwrap().ok().json()["status"].is_string());
    }
    assert!(indices.is_sorted_by(|a, b| a < b), "{indices:?}");
}

/// The time-outs are long, so all who are slow are slow at once.
#[test]
fn slow_clients_are_closed_and_leave_the_others_their_answers() {
    let rig = Rig::bare().rules(RULES).provisioned();
    let agent = rig.start();
    thread::scope(|scope| {
        let dribbling = scope.spawn(|| dribble(&agent));
        let stopping = scope.spawn(|| stop_in_body(&agent));
        let deaf = scope.spawn(|| never_read(&agent));
        let idle = scope.spawn(|| {
            let mut idle = agent.connection();
            idle.send("GET", "/v1/health", b"").unwrap().ok();
            assert_closed(idle.stream());
        });
        while ![&dribbling, &stopping, &deaf, &idle].iter().all(|slow| slow.is_finished()) {
            agent.assertion("de").ok();
            thread::sleep(Duration::from_millis(100));
        }
    });
    agent.assertion("de").ok();
}

#[test]
fn a_uid_that_takes_all_its_places_is_told_and_takes_nobody_elses() {
    let rig = Rig::bare().rules(RULES).provisioned();
    let agent = rig.start();
    let mut held: Vec<UnixStream> = (0..PLACES)
        .map(|_| {
            let mut stream = UnixStream::connect(agent.socket()).unwrap();
            stream.write_all(b"POST /v1/conn").unwrap();
            stream
        })
        .collect();
    let mut refused = agent.connection();
    refused.read().unwrap().refused(429, "too-many-of-yours");
    let mut other = rig.caller_as(agent.socket(), NOBODY);
    other.assertion("de").ok();
    // Half-heads cost their places when the head's time-out is over, without any doing of ours.
    until("a place is free again", || {
        agent.connection().send("GET", "/v1/health", b"").ok()?.status.eq(&200).then_some(())
    });
    other.assertion("de").ok();
    held.iter_mut().for_each(assert_closed);
    agent.assertion("de").ok();
}

const RULES: &str = "[callers.rig]\nuser = ME\nconnectors = [\"de\"]\n[callers.other]\nuser = \"65534\"\nconnectors = [\"de\"]\n\
                     [admins.rig]\nuser = ME\nmay = [\"provision\", \"init\"]\n";

/// Sends a head byte by byte; it ends before the head does.
fn dribble(agent: &Agent) {
    let mut stream = UnixStream::connect(agent.socket()).unwrap();
    let head = format!("GET /v1/health HTTP/1.1\r\nX-Slow: {}\r\n\r\n", "x".repeat(4096));
    let mut bytes = head.bytes();
    until("a dribbling head is closed", || {
        let byte = bytes.next().expect("the head came to its end");
        thread::sleep(Duration::from_millis(100));
        stream.write_all(&[byte]).err()
    });
}

fn stop_in_body(agent: &Agent) {
    let mut connection = agent.connection();
    connection.stream().write_all(request("", &body(TENANT, CLIENT)).split_at(90).0.as_bytes()).unwrap();
    connection.read().unwrap().refused(408, "body-timeout");
}

/// Asks on and on and takes no answer.
fn never_read(agent: &Agent) {
    let mut stream = UnixStream::connect(agent.socket()).unwrap();
    stream.set_nonblocking(true).unwrap();
    let asking = "GET /v1/openapi.json HTTP/1.1\r\nHost: kunci\r\n\r\n".repeat(10);
    until_true(
        "a client that takes no answer is closed",
        || matches!(stream.write(asking.as_bytes()), Err(error) if error.kind() != ErrorKind::WouldBlock),
    );
}

/// Nothing comes any more but the end.
fn assert_closed(stream: &mut UnixStream) {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
}

fn request(fields: &str, body: &str) -> String {
    let path = assertions("de");
    format!("POST {path} HTTP/1.1\r\nHost: kunci\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len())
}

/// Sends bytes on a connection of their own; the answer, if there is one before the end.
fn exchange(agent: &Agent, bytes: &[u8]) -> Option<Reply> {
    let mut connection = Connection::open(agent.socket()).unwrap();
    // The agent may hang up before it has read all.
    let _ = connection.stream().write_all(bytes);
    connection.read().ok()
}
