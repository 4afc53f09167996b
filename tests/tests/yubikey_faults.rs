//! What happens to a YubiKey and its reader while the agent runs: it is recovered from without a restart of the agent,
//! without a PIN that is refused, and told to whoever looks.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use tests::piv::PivRig;
use tests::wait::until_true;
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
