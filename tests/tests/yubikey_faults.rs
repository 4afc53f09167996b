//! What happens to a YubiKey and its reader while the agent runs: it is recovered from without a restart of the agent,
//! without a PIN that is refused, and told to whoever looks.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs::{self, File};
use std::thread;

use tests::piv::PivRig;
use tests::wait::{until, until_true};
use tests::yubikey::Model;

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
    // The other one alone is not taken for it.
    rig.key.pull();
    agent.await_tokens("missing");
    until_true("the other one is named", || {
        agent.tokens()[0]["detail"].as_str().unwrap_or_default().contains("another YubiKey than 10000001")
    });
    rig.key.insert();
    agent.await_signature();
    assert_eq!(other.commands("20"), 0, "no PIN was ever offered to the other one");
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
fn a_key_that_waits_for_a_touch_says_so_and_signs_once_it_is_touched() {
    let rig = PivRig::new().token_line("touch_policy = \"always\"");
    let agent = rig.start();
    let said = rig.rig.at("said");
    let mut provision = rig.rig.command(&["provision", "de"]);
    let mut provision = provision.stderr(File::create(&said).unwrap()).spawn().unwrap();
    // One touch for the probe, one for the certificate.
    for touch in 1..=2 {
        rig.key.await_blinking();
        let waiting = until("whoever looks is told", || {
            let token = agent.tokens().remove(0);
            (token["touch"] == true).then_some(token)
        });
        assert!(waiting["detail"].as_str().unwrap().contains("touch the key"), "{waiting}");
        until_true("who provisions is told", || {
            let said = fs::read_to_string(&said).unwrap();
            said.matches("touch the key: key waits for that").count() >= touch
        });
        rig.key.touch();
    }
    assert!(provision.wait().unwrap().success());
    thread::scope(|scope| {
        let asked = scope.spawn(|| agent.assertion("de"));
        rig.key.touch();
        asked.join().unwrap().ok();
    });
    until_true("nobody is told any more", || agent.tokens()[0]["touch"].is_null());
}

#[test]
fn a_touch_that_does_not_come_fails_one_request_and_no_more() {
    let rig = PivRig::factory_new(Model { touch_time: 6, ..Model::default() });
    rig.change_secrets();
    let rig = rig.token_line("touch_policy = \"always\"");
    let agent = rig.start();
    thread::scope(|scope| {
        let provision = scope.spawn(|| rig.rig.kunci(&["provision", "de"]));
        rig.key.touch();
        rig.key.touch();
        assert!(provision.join().unwrap().status.success());
    });
    let answer = agent.assertion("de").refused(503, "token-unavailable");
    assert!(answer.json()["detail"].as_str().unwrap().contains("touch"), "{:?}", answer.json());
    thread::scope(|scope| {
        let asked = scope.spawn(|| agent.assertion("de"));
        rig.key.touch();
        asked.join().unwrap().ok();
    });
    assert_eq!((agent.tokens()[0]["state"].clone(), rig.key.refused_pins()), ("ready".into(), 0));
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
