//! The HTTP surface as a whole: its document, and how many it serves at a time.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;

use api::client::{Error, QUICK, blocking};
use api::{Connector, Health, path};
use serde_json::{Value, json};
use tests::caller::{NOBODY, STRANGER};
use tests::wait::{until, until_true};
use tests::{Caller, Reply, Rig};

/// How many connections the agent of this test serves.
const PLACES: usize = 5;

#[test]
fn both_sockets_serve_the_document_that_is_checked_in() {
    let rig = Rig::new();
    let agent = rig.spawn();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    let checked_in: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    for reply in [agent.call("GET", "/v1/openapi.json", ""), agent.admin("GET", "/v1/openapi.json", "")] {
        let reply = reply.ok();
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(reply.json(), checked_in);
    }
}

/// What the document lists is answered by the router, each on the sockets that it is for, and nothing else is on agent.sock.
#[test]
fn each_path_of_the_document_is_there_and_admins_paths_are_on_their_socket_alone() {
    let rig = Rig::new();
    let agent = rig.spawn();
    let document = agent.call("GET", path::OPENAPI, "").ok().json();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let (method, path) = (method.to_uppercase(), path.replace(['{', '}'], ""));
            let is_there = |reply: &Reply| {
                reply.status < 400 || !["no-such-path", "method-not-allowed"].contains(&reply.code().as_str())
            };
            let admins = agent.admin(&method, &path, "[]");
            assert!(is_there(&admins), "{method} {path}: {admins:?}");
            let callers = agent.call(&method, &path, "[]");
            let is_theirs = operation["tags"][0] != "vendors";
            assert_eq!(is_there(&callers), is_theirs, "{method} {path}: {callers:?}");
        }
    }
}

#[test]
fn the_blocking_client_reads_what_the_agent_says_and_keeps_its_problems_whole() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let client = blocking::Client::connect(agent.socket()).unwrap();
    let health: Health = serde_json::from_slice(&client.get(path::HEALTH).unwrap()).unwrap();
    assert_eq!((health.status.as_str(), health.serving), ("ok", health.connectors));
    let connectors: Vec<Connector> = serde_json::from_slice(&client.get(path::CONNECTORS).unwrap()).unwrap();
    assert!(connectors.iter().all(|connector| connector.serves), "{connectors:?}");
    let asked = client.post(&path::of(path::ASSERTIONS, "../de"), &json!({}), QUICK);
    let Err(Error::Refused { status: 400, body }) = asked else { panic!("{asked:?}") };
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["code"], "invalid-connector");
    drop(agent);
    // A process that ends is gone a moment before its sockets are.
    until_true("nobody is there", || {
        blocking::Client::connect(&rig.at("agent.sock")).is_err_and(|gone| gone.is_nobody())
    });
}

#[test]
fn whoever_comes_when_every_place_is_taken_is_told_and_served_once_one_is_free() {
    let lines = format!("max_connections = {PLACES}\nmax_connections_per_uid = 3");
    // All three are named by rules: strangers have fewer places anyway.
    let rules =
        [NOBODY, STRANGER].map(|id| format!("[callers.u{id}]\nuser = \"{id}\"\nconnectors = [\"de\"]\n"));
    let rig = Rig::bare().agent_line(&lines).rules(&format!("{RULES}{}", rules.concat())).provisioned();
    let agent = rig.start();
    // Connections that brought the agent up may keep their places for a moment yet.
    let take = |id: u32| {
        until("a place is taken", || {
            let mut caller = rig.caller_as(agent.socket(), id);
            (health(&mut caller) == Ok(200)).then_some(caller)
        })
    };
    let mut first = [NOBODY; 3].map(take);
    let second = [STRANGER; PLACES - 3].map(take);
    // We have none, and neither of the others has more than its own: it is the sum.
    agent.connection().read().unwrap().refused(503, "too-many-connections");
    assert_eq!(health(&mut first[0]), Ok(200), "whoever has a place keeps it");
    drop(second);
    until_true("a place that is free again is given away", || {
        agent.connection().send("GET", "/v1/health", b"").is_ok_and(|reply| reply.status == 200)
    });
}

const RULES: &str = "[callers.rig]\nuser = ME\nconnectors = [\"de\"]\n[admins.rig]\nuser = ME\nmay = [\"provision\", \"init\"]\n";

fn health(caller: &mut Caller) -> Result<u16, String> {
    caller.call("GET", "/v1/health", "").map(|reply| reply.status)
}
