//! The API's document is what the server does: schemathesis asks a real agent, on both sockets, all that the document allows and
//! much that it does not, and holds each answer against the document.
//!
//! `KUNCI_SCHEMA_SECONDS` says for how long; `make test-wide` takes half an hour.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

use serde_json::{Map, Value};
use tests::bridge::Bridge;
use tests::judge::{installed, source};
use tests::{Agent, Rig};

/// How long it asks unless `KUNCI_SCHEMA_SECONDS` says otherwise, in seconds.
const SECONDS: &str = "40";
/// With which numbers it begins in a short run: a finding comes from a change of ours, not from chance.
const SEED: &str = "1";
/// An operation without a body, whose token need not be there.
const OPERATION: &str = "/v1/tokens/{token}/check";

#[test]
fn schemathesis_finds_nothing_on_either_socket_that_the_document_does_not_say() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let all = document(&rig, &agent, "all.json", |_| {});
    let callers = document(&rig, &agent, "callers.json", without_vendors);
    thread::scope(|both| {
        for (socket, document) in [(agent.socket(), &callers), (agent.admin_socket(), &all)] {
            let rig = &rig;
            both.spawn(move || {
                let asked = match std::env::var("KUNCI_SCHEMA_SECONDS") {
                    Ok(seconds) => ask(rig, socket, document, &["--max-time", &seconds]),
                    Err(_) => ask(rig, socket, document, &["--max-time", SECONDS, "--seed", SEED]),
                };
                assert!(asked.status.success(), "{}: {}", socket.display(), said(&asked));
            });
        }
    });
    assert!(agent.call("GET", "/v1/health", "").ok().json()["serving"].is_u64(), "it still answers");
}

#[test]
fn a_status_that_the_document_leaves_out_is_found() {
    let rig = Rig::new();
    let agent = rig.spawn();
    let without_404 = |paths: &mut Map<String, Value>| {
        let answers = paths[OPERATION]["post"]["responses"].as_object_mut().unwrap();
        answers.remove("404").expect("it is documented");
    };
    let document = document(&rig, &agent, "without-404.json", without_404);
    let only = ["--include-path", OPERATION, "--phases", "coverage"];
    let asked = ask(&rig, agent.admin_socket(), &document, &only);
    assert_eq!(asked.status.code(), Some(1), "{}", said(&asked));
    assert!(said(&asked).contains("Undocumented status code"), "{}", said(&asked));
}

/// The document that the agent serves, with its paths changed, where schemathesis reads it.
fn document(rig: &Rig, agent: &Agent, name: &str, change: impl Fn(&mut Map<String, Value>)) -> PathBuf {
    let mut document = agent.call("GET", "/v1/openapi.json", "").ok().json();
    change(document["paths"].as_object_mut().unwrap());
    fs::write(rig.at(name), document.to_string()).unwrap();
    rig.at(name)
}

/// Takes out the operations that are on the admins' socket alone, as tests/tests/http_surface.rs holds.
fn without_vendors(paths: &mut Map<String, Value>) {
    for operations in paths.values_mut() {
        operations.as_object_mut().unwrap().retain(|_, operation| operation["tags"][0] != "vendors");
    }
    paths.retain(|_, operations| !operations.as_object().unwrap().is_empty());
}

/// Lets schemathesis ask by the document. It is one thread: CPython 3.11 parses in one thread at a time, and says so by failing.
fn ask(rig: &Rig, socket: &Path, document: &Path, more: &[&str]) -> Output {
    let bridge = Bridge::to(socket);
    let mut schemathesis = Command::new(installed("clients-venv/bin/schemathesis"));
    schemathesis.arg("--config-file").arg(source("clients/schemathesis.toml")).arg("run").arg(document);
    schemathesis.args([
        "--url",
        &bridge.url(),
        "--workers",
        "1",
        "--no-color",
        "--generation-database",
        "none",
    ]);
    schemathesis
        .args(more)
        .current_dir(rig.at(""))
        .env("NO_PROXY", "127.0.0.1")
        .env("PYTHONDONTWRITEBYTECODE", "1");
    schemathesis.output().unwrap()
}

fn said(asked: &Output) -> String {
    [&asked.stdout[..], &asked.stderr].map(String::from_utf8_lossy).concat()
}
