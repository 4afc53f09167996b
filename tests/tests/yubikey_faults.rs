//! What happens to a YubiKey and its reader while the agent runs: it is recovered from without a restart of the agent,
//! without a PIN that is refused, and told to whoever looks.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::{Duration, Instant};

use tests::inside::{status, threads};
use tests::pcsc::Busy;
use tests::piv::PivRig;
use tests::wait::until_true;
use tests::yubikey::Model;
use tests::{Agent, Load};

/// How often a host wakes up in two looks for its YubiKey, at least: pcscd answers several questions in each.
const WAKES: u64 = 16;
/// Clients that are too many for one YubiKey.
const CROWD: usize = 60;

#[test]
fn a_key_that_is_pulled_and_put_back_signs_again() {
    let rig = PivRig::new();
    let agent = rig.provisioned();
    rig.key.pull();
    agent.await_tokens("missing");
    agent.assertion("de").refused(503, "token-unavailable");
    rig.key.insert();
    agent.await_signature();
    assert_eq!(rig.key.refused_pins(), 0);
}

#[test]
fn a_key_that_is_pulled_amid_a_signature_signs_again() {
    let rig = PivRig::new();
    let agent = rig.provisioned();
    for fault in ["87 vanish", "87 vanish-after"] {
        rig.key.fault(fault);
        assert_eq!(agent.assertion("de").status, 503, "{fault}");
        agent.await_tokens("missing");
        rig.key.insert();
        agent.await_signature();
    }
    assert_eq!(rig.key.refused_pins(), 0);
}

#[test]
fn a_pcscd_that_ends_and_comes_back_is_found_again() {
    let rig = PivRig::new();
    let agent = rig.provisioned();
    rig.pcsc.stop();
    agent.await_tokens("missing");
    rig.pcsc.begin();
    rig.key.await_power();
    agent.await_signature();
    assert_eq!(rig.key.refused_pins(), 0);
}

#[test]
fn two_keys_are_told_apart_by_their_serial_numbers() {
    let rig = PivRig::new();
    let agent = rig.provisioned();
    let other = rig.pcsc.yubikey(Model { serial: 10_000_077, ..Model::default() });
    agent.await_signature();
    // The other one alone is not taken for it, and is looked into once: whoever uses it is not disturbed again.
    rig.key.pull();
    agent.await_tokens("missing");
    let named = || {
        let token = agent.tokens().remove(0);
        token["detail"].as_str().unwrap_or_default().contains("another YubiKey than 10000001")
    };
    until_true("the other one is named", named);
    let (looked, woken) = (other.commands("a4"), wakes(&agent));
    until_true("its token manager has looked again", || wakes(&agent) > woken + WAKES);
    assert!(named() && other.commands("a4") == looked, "it is opened again and again");
    rig.key.insert();
    agent.await_signature();
    assert_eq!(other.commands("20"), 0, "no PIN was ever offered to the other one");
}

#[test]
fn a_key_that_is_put_back_is_served_while_another_program_keeps_another_reader_busy() {
    let rig = PivRig::new();
    let agent = rig.provisioned();
    let other = rig.pcsc.yubikey(Model { serial: 10_000_077, ..Model::default() });
    let busy = rig.pcsc.occupy(&other, Busy::Transaction);
    rig.key.pull();
    agent.await_tokens("missing");
    let told = || agent.tokens()[0]["detail"].as_str().is_some_and(|detail| detail.contains(other.reader()));
    until_true("the reader that is busy is named", told);
    rig.key.insert();
    agent.await_signature();
    drop(busy);
    assert_eq!((rig.key.refused_pins(), other.commands("20")), (0, 0));
}

#[test]
fn another_program_that_used_the_card_meanwhile_costs_no_pin() {
    let rig = PivRig::new();
    let agent = rig.provisioned();
    rig.tool(&["-a", "status"]);
    agent.await_signature();
    assert_eq!(rig.key.refused_pins(), 0);
}

#[test]
fn a_card_that_fails_or_lies_releases_nothing_and_signs_again() {
    let rig = PivRig::new();
    let agent = rig.provisioned();
    for fault in ["87 sw=6F00", "87 corrupt", "87 sw=6982", "87 sw=6D00"] {
        rig.key.fault(fault);
        let answer = agent.assertion("de");
        assert!(answer.status == 200 || answer.status >= 500, "{fault}: {}", answer.status);
        agent.await_signature();
    }
    assert_eq!(rig.key.refused_pins(), 0);
}

#[test]
fn a_card_that_hangs_costs_its_host_and_is_served_again() {
    let rig = PivRig::new().token_line("deadline = \"2s\"");
    let agent = rig.provisioned();
    rig.key.fault("87 hang");
    assert_eq!(agent.assertion("de").status, 503);
    rig.key.clear_faults();
    agent.await_signature();
    assert_eq!(rig.key.refused_pins(), 0);
}

#[test]
fn a_request_after_another_program_took_the_pin_back_is_signed_all_the_same() {
    let rig = PivRig::new();
    let agent = rig.provisioned();
    let login = || agent.output().matches("the login's outcome").count();
    for _ in 0..3 {
        let before = login();
        // It selects the application, which forgets the PIN, and lets go of the card without a reset.
        drop(rig.pcsc.occupy(&rig.key, Busy::Selecting));
        agent.assertion("de").ok();
        until_true("the PIN was taken back, and is given anew", || login() > before);
    }
    assert_eq!(rig.key.refused_pins(), 0);
}

#[test]
fn a_key_that_another_program_has_for_itself_is_said_to_be_and_served_once_it_is_let_go() {
    let rig = PivRig::new();
    let busy = rig.pcsc.occupy(&rig.key, Busy::Alone);
    let agent = rig.spawn();
    agent.await_tokens("missing");
    until_true("the reason is told", || {
        agent.tokens()[0]["detail"]
            .as_str()
            .unwrap_or_default()
            .contains("another program has the YubiKey for itself")
    });
    drop(busy);
    agent.await_tokens("ready");
    rig.rig.kunci_ok(&["provision", "de"]);
    agent.assertion("de").ok();
    assert_eq!(rig.key.refused_pins(), 0);
}

#[test]
fn a_reader_that_is_busy_costs_its_requests_a_deadline_and_is_served_again() {
    let rig = PivRig::new().token_line("deadline = \"2s\"");
    let agent = rig.provisioned();
    let busy = rig.pcsc.occupy(&rig.key, Busy::Transaction);
    let asked = Instant::now();
    assert_eq!(agent.assertion("de").status, 503);
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    drop(busy);
    agent.await_signature();
    assert_eq!(rig.key.refused_pins(), 0);
}

#[test]
fn a_key_that_is_slower_than_its_callers_has_a_queue_that_refuses_early() {
    let rig = PivRig::new().token_line("deadline = \"1s\"");
    let agent = rig.provisioned();
    rig.key.fault("87 delay=60 100000");
    let load = Load::start(agent.socket(), CROWD);
    load.until_answered(CROWD);
    let mut refused = None;
    until_true("a refusal", || {
        refused = Some(agent.assertion("de")).filter(|reply| reply.status != 200);
        refused.is_some()
    });
    let refused = refused.unwrap().refused(503, "token-busy");
    assert!(refused.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    let took = load.stop();
    assert!(took.refused.keys().all(|(_, code)| code == "token-busy"), "{:?}", took.refused);
    rig.rig.assert_recorded(&took.received);
}

/// How often threads of the host woke up from a wait.
fn wakes(agent: &Agent) -> u64 {
    let tasks = agent.hosts().into_iter().flat_map(threads);
    tasks.map(|task| status(&task, "voluntary_ctxt_switches").parse::<u64>().unwrap()).sum()
}
