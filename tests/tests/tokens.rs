//! Tokens that are missing or go, modules that are missing, hosts that die or hang, a state directory that is taken: what
//! can be told is told, and the next good request works once the cause is gone.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tests::agent::kill;
use tests::faults::{Action, Faults, Function, Times};
use tests::rig::{binary, softhsm};
use tests::wait::{until, until_true};
use tests::{Load, Rig};

#[test]
fn a_token_that_is_missing_at_the_start_signs_once_it_is_put_in_place() {
    let rig = Rig::bare().provisioned();
    let (place, away) = (rig.token_folder(), rig.at("away"));
    fs::rename(&place, &away).unwrap();
    let agent = rig.spawn();
    agent.await_tokens("missing");
    agent.assertion("de").refused(503, "token-unavailable");
    fs::rename(&away, &place).unwrap();
    agent.await_signature();
}

#[test]
fn a_folder_of_tokens_that_is_missing_at_the_start_is_seen_once_it_is_there() {
    let rig = Rig::bare().provisioned();
    fs::rename(rig.at("tokens"), rig.at("away")).unwrap();
    let agent = rig.spawn();
    agent.assertion("de").refused(503, "token-unavailable");
    fs::rename(rig.at("away"), rig.at("tokens")).unwrap();
    agent.await_signature();
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
        agent.await_tokens("missing");
        fs::rename(rig.at("away"), rig.at("tokens")).unwrap();
        agent.await_signature();
    }
    assert!(agent.stop().success());
    rig.assert_whole();
}

/// What keeps a host from its token is told wherever a person asks for that token, with the token's name and no guess at a
/// network; a service hears that much of it which is its business.
#[test]
fn what_a_host_fails_at_is_told_by_every_command_about_its_token() {
    let gone = |name| move |rig: &Rig| fs::rename(rig.at(name), rig.at("gone")).unwrap();
    let without = |field| {
        move |rig: &Rig| {
            let toml = rig.toml();
            let lines: Vec<_> = toml.lines().filter(|line| !line.starts_with(field)).collect();
            rig.private("kunci.toml", &lines.join("\n"));
        }
    };
    let module =
        |rig: &Rig| rig.private("kunci.toml", &rig.toml().replace("libsofthsm2.so", "libsoftnone.so"));
    is_told_everywhere(without("read_paths"), "add it to read_paths");
    is_told_everywhere(without("paths"), "read_paths and paths");
    is_told_everywhere(gone("tokens"), "which is not there");
    is_told_everywhere(gone("softhsm2.conf"), "which is not there");
    is_told_everywhere(module, "libsoftnone.so");
}

#[track_caller]
fn is_told_everywhere(cause: impl Fn(&Rig), why: &str) {
    let rig = Rig::bare().provisioned();
    cause(&rig);
    let agent = rig.spawn();
    until_true(why, || agent.tokens()[0]["detail"].as_str().is_some_and(|detail| detail.contains(why)));
    for arguments in [&["token", "check", "soft"][..], &["provision", "de"], &["token", "list"]] {
        let output = rig.kunci(arguments);
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(said.contains("soft") && said.contains(why), "{arguments:?}: {said}");
        assert!(!said.contains("network") && !said.contains("is starting"), "{arguments:?}: {said}");
    }
    let refused = agent.assertion("de").refused(503, "token-unavailable").json();
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("soft") && !detail.contains(".so") && !detail.contains('/'), "{detail}");
}

/// With a private agent, which is how a token is first met.
#[test]
fn what_a_host_fails_at_is_told_where_a_token_is_initialised() {
    let rig = Rig::new();
    fs::remove_dir(rig.at("tokens")).unwrap();
    let refused = rig.kunci(&["token", "init", "soft"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(3), "{said}");
    assert!(said.contains("soft") && said.contains("which is not there"), "{said}");
}

#[test]
fn a_blank_token_says_how_it_is_initialised_and_that_works() {
    let rig = Rig::new();
    let listed = rig.kunci_ok(&["token", "list"]);
    assert!(!listed.contains("network"), "{listed}");
    let refused = rig.kunci(&["provision", "de"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    for words in [listed, said] {
        let fresh = Rig::new();
        let heeded = fresh.heed(&words, &["token", "init", "soft"]);
        assert!(heeded.status.success(), "{words}: {heeded:?}");
        fresh.kunci_ok(&["provision", "--all"]);
    }
}

/// Beside the first one, once that is back, neither could be told from the other.
#[test]
fn a_second_token_is_not_made_under_the_name_of_one_whose_keys_the_log_has() {
    let rig = Rig::bare().provisioned();
    let (place, away) = (rig.token_folder(), rig.at("away"));
    fs::rename(&place, &away).unwrap();
    let agent = rig.spawn();
    agent.await_tokens("missing");
    agent.admin("POST", "/v1/tokens/soft/init", "").refused(409, "token-has-keys");
    assert_eq!(fs::read_dir(rig.at("tokens")).unwrap().count(), 0);
    fs::rename(&away, &place).unwrap();
    agent.await_signature();
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
    agent.await_signature();
}

#[test]
fn a_host_killed_in_the_middle_of_signatures_costs_time_and_no_request() {
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
    // Whoever was in flight is composed anew for the next host, and whoever came meanwhile waited for it.
    assert_eq!((took.broken, took.refused), (0, BTreeMap::new()));
    assert!(agent.stop().success());
    rig.assert_recorded(&took.received);
    // What was not received is voided, all of it.
    assert_eq!(signatures(&rig), before + took.received.len() as u64);
}

#[test]
fn a_host_that_hangs_is_killed_at_the_lanes_deadline_and_service_returns() {
    // Long enough for what is no hang: this machine may be busy.
    let rig = Rig::bare().deadline("2s").provisioned();
    let agent = rig.start();
    agent.assertion("de").ok();
    let host = agent.hosts()[0];
    kill(host, Signal::STOP);
    let asked = Instant::now();
    let refused = agent.assertion("de").refused(503, "token-unavailable");
    println!("a hung host was answered for after {:?}", asked.elapsed());
    assert!(asked.elapsed() >= Duration::from_secs(2), "{refused:?}");
    until_true("another host is there", || agent.hosts().iter().any(|other| *other != host));
    agent.await_signature();
}

/// What a host is told of them is longer than a frame between two processes.
#[test]
fn a_token_may_hold_the_keys_of_many_hundred_connectors() {
    let name = |number: usize| format!("region-{number:03}-{}", "x".repeat(40));
    let many = |rig: Rig| (0..500).fold(rig, |rig, number| rig.connector(&name(number), "rsa-2048", "PS256"));
    let rig = Rig::bare().provisioned();
    let rig = many(rig);
    rig.write();
    let agent = rig.start();
    agent.assertion("de").ok();
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

/// Intents that no void takes back.
fn signatures(rig: &Rig) -> u64 {
    ledger::verify(&rig.log(), |_, _| {}).unwrap().signatures
}

#[test]
fn a_token_that_was_there_and_is_gone_gets_words_of_its_own_also_from_the_next_agent() {
    let rig = Rig::bare().provisioned();
    let agent = rig.start();
    agent.await_output("serial: \"");
    let output = agent.output();
    let serial = output.rsplit("serial: \"").next().unwrap().split('"').next().unwrap().to_owned();
    assert!(agent.stop().success());
    // What a kill amid a login can leave.
    let (store, kept) = (rig.token_folder().join("token.object"), rig.at("kept"));
    fs::copy(&store, &kept).unwrap();
    fs::write(&store, "").unwrap();
    let agent = rig.spawn();
    agent.await_tokens("missing");
    let detail = agent.token("soft")["detail"].as_str().unwrap().to_owned();
    for part in [
        &format!("serial number {serial} was there, last logged in to at 20"),
        "may be damaged",
        "docs/tokens.md",
    ] {
        assert!(detail.contains(part), "{detail}");
    }
    assert!(!detail.contains("network"), "{detail}");
    for page in [&["token", "list"][..], &["status"]] {
        let output = rig.kunci(page);
        let page = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(page.contains(&serial) && page.contains("may be damaged"), "{page}");
    }
    // Put back from a copy, as the page says, it is the token of before.
    fs::copy(&kept, &store).unwrap();
    agent.wait_ready();
    agent.assertion("de").ok();
}

#[test]
fn a_token_that_is_gone_since_its_host_was_killed_amid_a_login_is_said_to_be() {
    let rig = Rig::bare().with_faults().provisioned();
    let faults = Faults::of(&rig);
    let agent = rig.start();
    faults.strike(Function::Login, Action::Hold, 0, Times::N(1));
    kill(agent.host("soft").unwrap(), Signal::KILL);
    faults.until_held(Function::Login);
    fs::write(rig.token_folder().join("token.object"), "").unwrap();
    kill(agent.host("soft").unwrap(), Signal::KILL);
    agent.await_tokens("missing");
    let detail = agent.token("soft")["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains("is gone; its host ended amid a login"), "{detail}");
    faults.clear();
}
