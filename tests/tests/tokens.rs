//! Tokens that are missing, gone, doubled or another; modules that are missing; hosts that die or hang; a state directory
//! that is lost or taken. What is not the pinned key never signs, and the next good request works once the cause is gone.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tests::agent::kill;
use tests::rig::{PIN, SO_PIN, binary, softhsm};
use tests::wait::{until, until_true};
use tests::{Agent, Load, Reply, Rig};

#[test]
fn a_token_that_is_missing_at_the_start_signs_once_it_is_put_in_place() {
    let rig = Rig::bare().provisioned();
    let (place, away) = (token_folder(&rig), rig.at("away"));
    fs::rename(&place, &away).unwrap();
    let agent = rig.spawn();
    await_state(&agent, "missing");
    agent.assertion("de").refused(503, "token-unavailable");
    fs::rename(&away, &place).unwrap();
    signs_again(&agent);
}

#[test]
fn a_folder_of_tokens_that_is_missing_at_the_start_is_seen_once_it_is_there() {
    let rig = Rig::bare().provisioned();
    fs::rename(rig.at("tokens"), rig.at("away")).unwrap();
    let agent = rig.spawn();
    agent.assertion("de").refused(503, "token-unavailable");
    fs::rename(rig.at("away"), rig.at("tokens")).unwrap();
    signs_again(&agent);
}

#[test]
fn a_token_that_goes_while_it_serves_is_unavailable_and_signs_when_it_is_back() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    agent.assertion("de").ok();
    for _ in 0..2 {
        fs::rename(rig.at("tokens"), rig.at("away")).unwrap();
        until("the token's absence shows", || {
            let reply = agent.assertion("de");
            (reply.status == 503).then_some(reply)
        })
        .refused(503, "token-unavailable");
        await_state(&agent, "missing");
        fs::rename(rig.at("away"), rig.at("tokens")).unwrap();
        signs_again(&agent);
    }
    assert!(agent.stop().success());
    rig.assert_whole();
}

#[test]
fn a_missing_module_is_named_and_served_once_it_is_installed() {
    let rig = Rig::bare().provisioned();
    let module = rig.at("module.so");
    let rig = rig.module(&module);
    rig.write();
    let agent = rig.spawn();
    until_true("the module is named", || {
        agent.tokens()[0]["detail"].as_str().is_some_and(|detail| detail.contains("module.so"))
    });
    agent.assertion("de").refused(503, "token-unavailable");
    fs::copy(softhsm(), &module).unwrap();
    signs_again(&agent);
}

#[test]
fn a_host_killed_in_the_middle_of_signatures_costs_only_those_and_is_back() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    let before = signatures(&rig);
    let load = Load::start(agent.socket(), 8);
    let mut away = Vec::new();
    for _ in 0..5 {
        load.until_answered(100);
        let host = agent.hosts()[0];
        let killed = Instant::now();
        kill(host, Signal::KILL);
        until_true("another host is there", || agent.hosts().iter().any(|other| *other != host));
        load.until_answered(1);
        away.push(killed.elapsed());
    }
    println!("a killed host was away for {away:?}");
    load.until_answered(100);
    let took = load.stop();
    // Whoever was in flight is told so in good order, and no connection breaks.
    assert_eq!(took.broken, 0);
    assert!(took.refused.keys().all(|(status, _)| *status == 503), "{:?}", took.refused);
    assert!(agent.stop().success());
    rig.assert_recorded(&took.received);
    // What was not received is voided, all of it.
    assert_eq!(signatures(&rig), before + took.received.len() as u64);
}

#[test]
fn a_host_that_hangs_is_killed_at_the_lanes_deadline_and_service_returns() {
    let rig = Rig::bare().deadline("500ms").provisioned();
    let agent = rig.start();
    agent.assertion("de").ok();
    let host = agent.hosts()[0];
    kill(host, Signal::STOP);
    let asked = Instant::now();
    let refused = agent.assertion("de").refused(503, "token-unavailable");
    println!("a hung host was answered for after {:?}", asked.elapsed());
    assert!(asked.elapsed() >= Duration::from_millis(500), "{refused:?}");
    until_true("another host is there", || agent.hosts().iter().any(|other| *other != host));
    signs_again(&agent);
}

#[test]
fn two_tokens_that_match_are_refused_until_one_is_gone() {
    let rig = Rig::bare().provisioned();
    let known = token_folder(&rig);
    init_token(&rig);
    let another = fs::read_dir(rig.at("tokens")).unwrap().map(|entry| entry.unwrap().path());
    let another = another.into_iter().find(|path| *path != known).unwrap();
    let agent = rig.spawn();
    await_state(&agent, "missing");
    let detail = agent.tokens()[0]["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("not exactly one token"), "{detail}");
    agent.assertion("de").refused(503, "token-unavailable");
    fs::remove_dir_all(another).unwrap();
    signs_again(&agent);
}

#[test]
fn another_key_under_the_pinned_identifier_never_signs() {
    let rig = Rig::bare().provisioned();
    let id =
        rig.entries().iter().find(|entry| entry.state.as_deref() == Some("generated")).unwrap().key.clone();
    let id = id.unwrap();
    let pinned = rig.at("pinned");
    copy(&token_folder(&rig), &pinned);

    let agent = rig.start();
    agent.assertion("de").ok();
    let signatures = signatures(&rig);
    pkcs11_tool(&rig, &["--delete-object", "--type", "privkey", "--id", &id]);
    pkcs11_tool(&rig, &["--delete-object", "--type", "pubkey", "--id", &id]);
    pkcs11_tool(&rig, &["--keypairgen", "--key-type", "rsa:2048", "--id", &id, "--label", "kunci:de"]);
    until("the other key is seen", || {
        let reply = agent.assertion("de");
        assert_ne!(reply.status, 200, "the other key signed");
        (reply.code() != "token-failed").then_some(reply)
    });
    assert!(agent.stop().success());

    // Found at the start, it is named and put on record.
    let agent = rig.spawn();
    await_state(&agent, "ready");
    until("the key is judged", || {
        let reply = agent.assertion("de");
        (reply.code() == "key-mismatch").then_some(reply)
    })
    .refused(503, "key-mismatch");
    let check = rig.kunci(&["--json", "token", "check", "soft"]);
    assert_eq!(check.status.code(), Some(1), "{check:?}");
    assert!(String::from_utf8_lossy(&check.stdout).contains(r#""standing":"mismatch""#), "{check:?}");
    let provision = rig.kunci(&["provision", "de"]);
    assert!(!provision.status.success(), "{provision:?}");
    assert!(agent.stop().success());
    assert!(!rig.postures("key-mismatch").is_empty());
    assert_eq!(self::signatures(&rig), signatures);

    // The pinned key back, all is well.
    let place = token_folder(&rig);
    fs::remove_dir_all(&place).unwrap();
    copy(&pinned, &place);
    rig.start().assertion("de").ok();
}

#[test]
fn another_token_of_the_same_label_never_signs() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    agent.assertion("de").ok();
    let (place, away) = (token_folder(&rig), rig.at("away"));
    fs::rename(&place, &away).unwrap();
    await_state(&agent, "missing");
    init_token(&rig);
    let another = token_folder(&rig);
    until_true("the other serial is seen", || {
        let detail = agent.tokens()[0]["detail"].as_str().unwrap_or_default().to_owned();
        assert_ne!(agent.assertion("de").status, 200);
        detail.contains("was served before")
    });
    assert!(agent.stop().success());
    // A new agent knows no serial of before; it finds no pinned key there.
    let agent = rig.spawn();
    until("the key is missed", || {
        let reply = agent.assertion("de");
        assert_ne!(reply.status, 200);
        (reply.code() == "key-missing").then_some(())
    });
    assert!(agent.stop().success());
    assert!(!rig.postures("key-missing").is_empty());
    fs::rename(&another, rig.at("other")).unwrap();
    fs::rename(&away, &place).unwrap();
    rig.start().assertion("de").ok();
}

#[test]
fn keys_without_their_ledger_do_not_sign_until_somebody_adopts_them_by_name() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    agent.assertion("de").ok();
    assert!(agent.stop().success());
    let state = rig.at("state");
    fs::rename(&state, rig.at("lost")).unwrap();

    let agent = rig.spawn();
    await_state(&agent, "ready");
    until("the key is judged", || {
        let reply = agent.assertion("de");
        assert_ne!(reply.status, 200);
        (reply.code() == "unprovisioned").then_some(())
    });
    let check = rig.kunci(&["--json", "token", "check", "soft"]);
    assert_eq!(check.status.code(), Some(1), "{check:?}");
    let checked: serde_json::Value = serde_json::from_slice(&check.stdout).unwrap();
    assert_eq!(checked["keys"][0]["standing"], "orphan");
    let spki = checked["keys"][0]["spki_sha256"].as_str().unwrap().to_owned();
    let keys = checked["keys"].as_array().unwrap().len();

    provision(&agent, "{}").refused(409, "orphaned-key");
    provision(&agent, &format!(r#"{{"adopt_spki_sha256":"{}"}}"#, "00".repeat(32)))
        .refused(409, "no-such-orphan");
    let check: serde_json::Value =
        serde_json::from_slice(&rig.kunci(&["--json", "token", "check", "soft"]).stdout).unwrap();
    assert_eq!(check["keys"].as_array().unwrap().len(), keys, "a refusal made a key");

    rig.kunci_ok(&["provision", "de", "--adopt", "--spki-sha256", &spki]);
    agent.assertion("de").ok();
    assert!(agent.stop().success());
    rig.assert_whole();
}

#[test]
fn a_second_agent_on_one_state_directory_is_refused_and_told_the_first_ones_pid() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    for private in [false, true] {
        let mut command = Command::new(binary("kunci-agent"));
        command.arg("--config").arg(rig.at("kunci.toml"));
        if private {
            command.arg("--private").arg(rig.at("."));
        }
        let second = command.output().unwrap();
        assert_eq!(second.status.code(), Some(3), "{second:?}");
        let said = String::from_utf8_lossy(&second.stderr).into_owned();
        assert!(said.contains(&format!("in use by another agent (process {})", agent.pid())), "{said}");
    }
    agent.assertion("de").ok();
    assert!(agent.stop().success());
    rig.start().assertion("de").ok();
}

fn await_state(agent: &Agent, state: &str) {
    until_true(&format!("the token is {state}"), || {
        agent.tokens().iter().all(|token| token["state"] == state)
    });
}

/// The next good request works.
fn signs_again(agent: &Agent) {
    until_true("the token signs again", || agent.assertion("de").status == 200);
}

fn provision(agent: &Agent, how: &str) -> Reply {
    agent.admin("POST", "/v1/connectors/de/provision", how)
}

/// The folder of SoftHSM2's only token.
fn token_folder(rig: &Rig) -> PathBuf {
    let mut folders = fs::read_dir(rig.at("tokens")).unwrap().map(|entry| entry.unwrap().path());
    let folder = folders.next().unwrap();
    assert_eq!(folders.next(), None);
    folder
}

fn copy(from: &PathBuf, to: &PathBuf) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status().unwrap();
    assert!(copied.success());
}

/// One more token with the rig's label, by SoftHSM2's own tool.
fn init_token(rig: &Rig) {
    let mut command = Command::new("softhsm2-util");
    command.args(["--init-token", "--free", "--label", "rig", "--pin", PIN, "--so-pin", SO_PIN]);
    let output = command.env("SOFTHSM2_CONF", rig.at("softhsm2.conf")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn pkcs11_tool(rig: &Rig, arguments: &[&str]) {
    let mut command = Command::new("pkcs11-tool");
    command
        .arg("--module")
        .arg(softhsm())
        .args(["--token-label", "rig", "--login", "--pin", PIN])
        .args(arguments);
    let output = command.env("SOFTHSM2_CONF", rig.at("softhsm2.conf")).output().unwrap();
    assert!(output.status.success(), "pkcs11-tool {arguments:?}: {output:?}");
}

/// Intents that no void takes back.
fn signatures(rig: &Rig) -> u64 {
    ledger::verify(&rig.log(), |_, _| {}).unwrap().signatures
}
