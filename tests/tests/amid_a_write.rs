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
use tests::agent::{LOUD, NOT_BACK, NOT_LEFT, assertions, body, kill};
use tests::faults::{Action, Faults, Function, Times, amid};
use tests::http::Connection;
use tests::rig::{CLIENT, TENANT};
use tests::wait::{until, until_true};
use tests::{Agent, Rig};

/// How many looks of the supervisor's are waited for where nothing may happen: more than a host has that is told to go amid
/// nothing, and than one that is silent at its start.
const LOOKS: usize = 5;
const SILENT_LOOKS: usize = 9;
/// How often an agent that waits for the host of another is seen to try.
const TRIES: usize = 4;
/// Two lanes, a connector with a key, and one whose key is to be made.
fn rig() -> (Rig, Faults) {
    let rig = Rig::bare().connector("fr", "rsa-2048", "PS256").with_faults().deadline("30s");
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

fn start(rig: &Rig) -> Agent {
    let agent = rig.spawn_with(|command| command.env("KUNCI_LOG", LOUD));
    agent.wait_ready();
    agent
}

fn lives(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}/exe")).exists()
}

/// The host of before is there when the supervisor has looked at it again and again, and its call is not over; then the call
/// goes on, and only after its end the host goes.
#[track_caller]
fn spared(agent: &Agent, host: u32, faults: &Faults, function: Function) {
    agent.until_said(NOT_LEFT, LOOKS);
    released(host, faults, function);
}

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
    let agent = start(&rig);
    let mut asked = Vec::new();
    amid::hold_login(&agent, &faults, &mut || asked.push(sign(&agent)));
    let host = agent.host("soft").unwrap();
    assert!(agent.output().contains("finishing=\"a login\""), "{}", agent.output());
    assert!(agent.token("soft")["detail"].as_str().unwrap().ends_with("it finishes a login first"));
    spared(&agent, host, &faults, Function::Login);
    assert!(asked.into_iter().all(|asked| asked.join().unwrap() == Some(200)));
    agent.wait_ready();
    until_true("its outcome is on record", || !attempts_left(&rig));
    assert!(!agent.output().contains("is killed"), "{}", agent.output());
}

#[test]
fn another_lanes_failure_waits_for_a_key_that_is_being_made() {
    let (rig, faults) = rig();
    let agent = start(&rig);
    let host = agent.host("soft").unwrap();
    let made = generate(&agent, &faults);
    // This ends the host by itself, and has the front ask for its end.
    faults.strike(Function::Sign, Action::Code, CKR_GENERAL_ERROR, Times::N(1));
    let asked = sign(&agent);
    until_true("the host was told to go", || agent.output().contains("the host has to go"));
    assert!(agent.output().contains("finishing=\"generating a key\""), "{}", agent.output());
    spared(&agent, host, &faults, Function::GenerateKeyPair);
    made.join().unwrap();
    agent.await_signature();
    // What the key's maker may have been told is lost with the lane, or not; no key is lost, and none is a stranger.
    assert!(asked.join().unwrap().is_some());
    rig.kunci_ok(&["provision", "fr"]);
}

#[test]
fn neither_a_front_that_ends_nor_a_stop_nor_a_reload_interrupts_a_key_that_is_being_made() {
    let (rig, faults) = rig();
    let agent = start(&rig);
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
    spared(&agent, host, &faults, Function::GenerateKeyPair);
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
    agent.until_said("the host cannot be started", TRIES);
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
fn a_login_that_takes_longer_than_a_start_is_not_taken_for_a_hang() {
    let (rig, faults) = rig();
    let agent = start(&rig);
    let host = agent.host("soft").unwrap();
    faults.strike(Function::Login, Action::Hold, 0, Times::N(1));
    faults.strike(Function::SignInit, Action::LogOut, 0, Times::N(1));
    let asked = sign(&agent);
    faults.until_held(Function::Login);
    // A disk that stalls looks like this. A start that is so silent is replaced.
    agent.until_said(NOT_BACK, SILENT_LOOKS);
    assert!(lives(host) && agent.said("the host has to go") == 0, "{}", agent.output());
    faults.clear();
    asked.join().unwrap();
    agent.await_signature();
    assert_eq!(
        (agent.host("soft"), faults.returns(Function::Login)),
        (Some(host), faults.blows(Function::Login))
    );
    until_true("its outcome is on record", || !attempts_left(&rig));
}

#[test]
fn a_host_that_has_to_go_while_it_waits_to_be_allowed_a_login_is_amid_none() {
    let (rig, faults) = rig();
    // Two hosts at one token: the second one waits for the outcome of the first one's login.
    let agent = rig.start();
    let serial = agent.token("soft")["serial"].as_str().unwrap().to_owned();
    assert!(agent.stop().success());
    let whole = rig.toml().replace("token=rig", &format!("token=rig;serial={serial}"));
    let (before, soft) = whole.split_once("[tokens.soft]").unwrap();
    let (soft, after) = soft.split_once("\n[").unwrap();
    let twin = soft.replace("token=rig;", "");
    rig.private("kunci.toml", &format!("{before}[tokens.soft]{soft}\n[tokens.twin]{twin}\n[{after}"));
    faults.strike(Function::Login, Action::Hold, 0, Times::N(1));
    let agent = rig.spawn_with(|command| command.env("KUNCI_LOG", LOUD));
    faults.until_held(Function::Login);
    until_true("both asked", || agent.said("it waits for the outcome of another host's login") == 1);
    let hosts = agent.hosts();
    agent.signal(Signal::TERM);
    until_true("one leaves", || hosts.iter().filter(|host| lives(**host)).count() == 1);
    agent.until_said(NOT_LEFT, LOOKS);
    faults.clear();
    assert!(agent.wait().success());
    let output = fs::read_to_string(rig.at("agent.log")).unwrap();
    assert!(!output.contains("amid a call"), "{output}");
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
