//! Each verb opens its own requests and no other: on the admins' socket alone, or on both where it only reads.
//!
//! Every request that the OpenAPI document has for vendors is asked by a user who has all verbs but its own, and by one who
//! has its own alone; what an auditor reads is asked by a user of each verb.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;

use hsm_config::Verb;
use tests::rig::OBJECT;
use tests::{Agent, Caller, Rig};

/// The users with one verb begin here, those with all but one there.
const WITH: u32 = 61_000;
const WITHOUT: u32 = 62_000;
const NO_ADMIN: u32 = 63_000;
/// Any rule will do.
const ANY: &str = "";

/// What is asked, which verb it takes, and with what body. In this order, so that a thaw follows its freeze.
const REQUESTS: [(&str, &str, &str, &str); 12] = [
    ("GET", "/v1/tokens", ANY, ""),
    ("GET", "/v1/connectors/{connector}/evidence", ANY, ""),
    ("POST", "/v1/connectors/{connector}/provision", "provision", "{}"),
    ("PUT", "/v1/connectors/{connector}/certificate", "certificates", r#"{"pem":"none"}"#),
    ("POST", "/v1/connectors/{connector}/proofs", "proof", r#"{"object_id":"OBJECT","reason":"roll"}"#),
    ("POST", "/v1/connectors/{connector}/freeze", "freeze", r#"{"reason":"drill"}"#),
    ("POST", "/v1/connectors/{connector}/thaw", "thaw", r#"{"reason":"drill"}"#),
    ("POST", "/v1/tokens/{token}/check", "check", ""),
    ("POST", "/v1/tokens/{token}/init", "init", ""),
    ("POST", "/v1/tokens/{token}/unlatch", "unlatch", ""),
    ("POST", "/v1/log/key", "provision", "{}"),
    ("POST", "/v1/reload", "reload", ""),
];

/// What is only read, which verb it takes, on either socket.
const READS: [(&str, &str); 2] = [("/v1/log/tile/entries/000.p/1", "audit"), ("/v1/log/tile/0/000.p/1", ANY)];

#[test]
fn every_request_of_an_admin_is_refused_without_its_verb_and_not_with_it() {
    let (rig, agent) = running();
    assert_eq!(asked(), documented(&agent), "(method, path) asked here, and in the OpenAPI document");
    for (method, path, verb, body) in REQUESTS {
        let what = format!("{method} {path}");
        let (path, body) = (at(path), body.replace("OBJECT", OBJECT));
        let ask = |id: u32| admin(&rig, &agent, id).call(method, &path, &body).unwrap();
        let no_admin = ask(NO_ADMIN);
        if verb == ANY {
            assert_eq!((no_admin.status, no_admin.code().as_str()), (403, "not-an-admin"), "{what}");
            assert_eq!(ask(WITH).status, 200, "{what}, with any verb");
            continue;
        }
        let number = verbs().position(|other| other == verb).unwrap() as u32;
        for refused in [no_admin, ask(WITHOUT + number)] {
            assert_eq!((refused.status, refused.code().as_str()), (403, "verb-not-granted"), "{what}");
        }
        let granted = ask(WITH + number);
        assert_ne!(granted.status, 403, "{what}, with {verb}: {granted:?}");
        // The callers' socket has none of these, whoever asks.
        let elsewhere = rig.caller_as(agent.socket(), WITH + number).call(method, &path, &body).unwrap();
        assert!(matches!(elsewhere.status, 404 | 405), "{what}, on the callers' socket: {elsewhere:?}");
    }
    agent.assertion("de").ok();
}

#[test]
fn entries_are_read_with_audit_alone_and_hashes_with_any_verb_on_both_sockets() {
    let (rig, agent) = running();
    for ((path, takes), socket) in
        READS.iter().flat_map(|read| [(*read, agent.socket()), (*read, agent.admin_socket())])
    {
        for (number, verb) in (0..).zip(verbs()) {
            let what = format!("{path} on {}, with {verb}", socket.display());
            let with = rig.caller_as(socket, WITH + number).call("GET", path, "").unwrap();
            assert_eq!(with.status, if [ANY, verb].contains(&takes) { 200 } else { 403 }, "{what}: {with:?}");
            let without = rig.caller_as(socket, WITHOUT + number).call("GET", path, "").unwrap();
            assert_eq!(
                without.status,
                if takes == verb { 403 } else { 200 },
                "{what} alone missing: {without:?}"
            );
        }
        let refused = rig.caller_as(socket, NO_ADMIN).call("GET", path, "").unwrap();
        refused.refused(403, if takes == ANY { "not-an-admin" } else { "verb-not-granted" });
    }
}

#[test]
fn every_verb_has_its_row_here() {
    let rows: BTreeSet<&str> = REQUESTS.iter().map(|row| row.2).chain(READS.map(|row| row.1)).collect();
    assert_eq!(rows, verbs().chain([ANY]).collect());
}

fn verbs() -> impl Iterator<Item = &'static str> {
    Verb::ALL.iter().map(|verb| verb.as_str())
}

/// An agent with a rule for each user, which all may knock at its door.
fn running() -> (Rig, Agent) {
    let mut rules = String::from(
        "[callers.rig]\nuser = ME\nconnectors = [\"de\"]\n[admins.rig]\nuser = ME\nmay = [\"provision\", \"init\"]\n",
    );
    for (number, verb) in (0..).zip(verbs()) {
        let others: Vec<_> = verbs().filter(|other| *other != verb).collect();
        rules += &format!("[admins.with-{verb}]\nuser = \"{}\"\nmay = [{verb:?}]\n", WITH + number);
        rules += &format!("[admins.without-{verb}]\nuser = \"{}\"\nmay = {others:?}\n", WITHOUT + number);
    }
    let rig = Rig::bare().agent_line("admin_mode = \"0666\"").rules(&rules).provisioned();
    let agent = rig.start();
    (rig, agent)
}

fn admin(rig: &Rig, agent: &Agent, id: u32) -> Caller {
    rig.caller_as(agent.admin_socket(), id)
}

fn at(path: &str) -> String {
    path.replace("{connector}", "de").replace("{token}", "soft")
}

fn asked() -> BTreeSet<(String, String)> {
    REQUESTS.iter().map(|(method, path, ..)| (method.to_string(), path.to_string())).collect()
}

/// What the agent itself says that it has for vendors.
fn documented(agent: &Agent) -> BTreeSet<(String, String)> {
    let document = agent.call("GET", "/v1/openapi.json", "").ok().json();
    let paths = document["paths"].as_object().unwrap().iter();
    let operations = paths.flat_map(|(path, operations)| {
        let vendors = operations.as_object().unwrap().iter();
        let vendors = vendors.filter(|(_, operation)| operation["tags"][0] == "vendors");
        vendors.map(move |(method, _)| (method.to_uppercase(), path.clone()))
    });
    operations.collect()
}
