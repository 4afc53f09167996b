//! A call that may write to the token is under way in a host, and the host has to go: nothing ends it amid that call, whoever
//! wants it gone. A soft token's store would be lost with it.
//!
//! The fault module holds the call, and counts whether it came to its end.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::Path;
use std::thread::{self, JoinHandle};

use cryptoki_sys::CKR_GENERAL_ERROR;
use rustix::process::Signal;
use tests::agent::{assertions, body, kill};
use tests::faults::{Action, Faults, Function, Times};
use tests::http::Connection;
use tests::rig::{CLIENT, TENANT};
use tests::wait::{until, until_true};
use tests::{Agent, Rig};

/// How long a start takes that lets later logins take several times as long, in milliseconds.
const SLOW_START: u64 = 1500;
/// How long C_Sign waits before it fails: until the login is lost on the other lane.
const LATE: u32 = 1500;

/// Two lanes, a connector with a key, and one whose key is to be made.
fn rig() -> (Rig, Faults) {
    let rig = Rig::bare().connector("fr", "rsa-2048", "PS256").with_faults();
    rig.write();
    rig.kunci_ok(&["token", "init", "soft"]);
    rig.kunci_ok(&["provision", "de"]);
    let faults = Faults::of(&rig);
    (rig, faults)
}

/// A request of its own, on agent.sock or admin.sock; the status of its answer, none where it was cut off.
fn ask(socket: &Path, path: &str, body: String) -> JoinHandle<Option<u16>> {
    let (socket, path) = (socket.to_owned(), path.to_owned());
    thread::spawn(move || {
        let mut connection = Connection::open(&socket).ok()?;
        connection.send("POST", &path, body.as_bytes()).ok().map(|reply| reply.status)
    })
}

fn sign(agent: &Agent) -> JoinHandle<Option<u16>> {
    ask(agent.socket(), &assertions("de"), body(TENANT, CLIENT))
}

/// Has the connector's key made, and holds the call that makes it.
fn generate(agent: &Agent, faults: &Faults) -> JoinHandle<Option<u16>> {
    faults.strike(Function::GenerateKeyPair, Action::Hold, 0, Times::N(1));
    let asked = ask(agent.admin_socket(), "/v1/connectors/fr/provision", "{}".to_owned());
    faults.until_held(Function::GenerateKeyPair);
    asked
}

fn lives(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}/exe")).exists()
}

/// The host of before is there, and its call is not over; then the call goes on, and only after its end the host goes.
#[track_caller]
fn released(host: u32, faults: &Faults, function: Function) {
    assert!(lives(host), "the host was ended amid C_{function:?}");
    assert_eq!(faults.returns(function) + 1, faults.blows(function));
    faults.clear();
    until_true("the host leaves", || !lives(host));
    assert_eq!(faults.returns(function), faults.blows(function), "the host was ended amid C_{function:?}");
}

fn attempts_left(rig: &Rig) -> bool {
    let latches = fs::read_dir(rig.at("state/latch")).unwrap();
    latches.into_iter().any(|latch| fs::read_to_string(latch.unwrap().path()).unwrap().contains("attempt"))
}

#[test]
fn another_lanes_failure_waits_for_a_login_and_its_outcome_is_told() {
    let (rig, faults) = rig();
    faults.strike(Function::Login, Action::Sleep, SLOW_START, Times::N(1));
    let agent = rig.start();
    let host = agent.host("soft").unwrap();
    // One lane is in C_Sign, which will fail; on the other one the login is lost, and is begun again once the first failed.
    let signatures = faults.calls(Function::Sign);
    faults.strike(Function::Sign, Action::Late, Action::late(LATE, 5), Times::N(1));
    let first = sign(&agent);
    until_true("C_Sign waits", || faults.calls(Function::Sign) > signatures);
    faults.strike(Function::Login, Action::Hold, 0, Times::N(1));
    faults.strike(Function::SignInit, Action::LogOut, 0, Times::N(1));
    let second = sign(&agent);
    faults.until_held(Function::Login);
    until_true("the host was told to go", || agent.output().contains("the host has to go"));
    assert!(agent.output().contains("finishing=\"a login\""), "{}", agent.output());
    assert!(agent.token("soft")["detail"].as_str().unwrap().ends_with("it finishes a login first"));
    released(host, &faults, Function::Login);
    assert_eq!([first.join().unwrap(), second.join().unwrap()], [Some(200); 2]);
    agent.wait_ready();
    assert!(!attempts_left(&rig));
    assert!(!agent.output().contains("is killed"), "{}", agent.output());
}

#[test]
fn another_lanes_failure_waits_for_a_key_that_is_being_made() {
    let (rig, faults) = rig();
    let agent = rig.start();
    let host = agent.host("soft").unwrap();
    let made = generate(&agent, &faults);
    // This ends the host by itself, and has the front ask for its end.
    faults.strike(Function::Sign, Action::Code, CKR_GENERAL_ERROR, Times::N(1));
    let asked = sign(&agent);
    until_true("the host was told to go", || agent.output().contains("the host has to go"));
    assert!(agent.output().contains("finishing=\"generating a key\""), "{}", agent.output());
    released(host, &faults, Function::GenerateKeyPair);
    made.join().unwrap();
    agent.await_signature();
    // What the key's maker may have been told is lost with the lane, or not; no key is lost, and none is a stranger.
    assert!(asked.join().unwrap().is_some());
    rig.kunci_ok(&["provision", "fr"]);
}

#[test]
fn neither_a_front_that_ends_nor_a_stop_nor_a_reload_interrupts_a_key_that_is_being_made() {
    let (rig, faults) = rig();
    let agent = rig.start();
    let host = agent.host("soft").unwrap();
    let _made = generate(&agent, &faults);
    // A configuration without the token is refused, and costs the token nothing.
    let whole = rig.toml();
    rig.private(
        "kunci.toml",
        &whole.replace("[tokens.soft]", "[tokens.hard]").replace("\"soft\"", "\"hard\""),
    );
    agent.signal(Signal::HUP);
    until_true("it is refused", || agent.output().contains("needs a restart: [tokens] changed"));
    rig.private("kunci.toml", &whole);
    // Signals that a service manager or a terminal sends to all processes are the supervisor's to heed.
    let front = agent.front().unwrap();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        kill(host, signal);
        kill(front, signal);
    }
    agent.await_signature();
    assert_eq!((agent.front(), agent.host("soft")), (Some(front), Some(host)));
    kill(front, Signal::KILL);
    until_true("there is another front", || agent.front().is_some_and(|now| now != front));
    agent.signal(Signal::TERM);
    until_true("the host was told to go", || agent.output().contains("the host has to go"));
    released(host, &faults, Function::GenerateKeyPair);
    assert!(agent.wait().success());
    rig.start().assertion("de").ok();
}

#[test]
fn a_supervisor_that_is_killed_takes_no_host_with_it_amid_a_write_and_the_next_one_waits_for_that() {
    let (rig, faults) = rig();
    let agent = rig.start();
    let host = agent.host("soft").unwrap();
    let _made = generate(&agent, &faults);
    agent.signal(Signal::KILL);
    agent.wait();
    let starts = faults.calls(Function::Initialize);
    let agent = rig.spawn();
    let detail = || agent.token("soft")["detail"].as_str().unwrap_or_default().to_owned();
    until_true("the next one says what it waits for", || detail().contains("is still there"));
    assert_eq!(faults.calls(Function::Initialize), starts, "two hosts are at one token");
    released(host, &faults, Function::GenerateKeyPair);
    agent.wait_ready();
    agent.assertion("de").ok();
    // No host outlives its supervisor otherwise, also one that does not heed it.
    let host = agent.host("soft").unwrap();
    agent.signal(Signal::KILL);
    agent.wait();
    until_true("the host leaves", || !lives(host));
}

#[test]
fn a_login_that_hangs_ends_by_its_own_limit_and_what_that_interrupted_is_said() {
    let (rig, faults) = rig();
    faults.strike(Function::Login, Action::Hang, 0, Times::N(1));
    let agent = rig.spawn();
    let said = until("it is killed", || {
        let is_it = |line: &&str| line.contains("ended amid a call that may write");
        agent.output().lines().find(is_it).map(str::to_owned)
    });
    assert!(said.contains("amid=\"a login\""), "{said}");
    agent.wait_ready();
    agent.assertion("de").ok();
}
