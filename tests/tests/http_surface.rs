//! The HTTP surface as a whole: its document, and how many it serves at a time.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;

use serde_json::Value;
use tests::caller::{NOBODY, STRANGER};
use tests::wait::{until, until_true};
use tests::{Caller, Rig};

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
