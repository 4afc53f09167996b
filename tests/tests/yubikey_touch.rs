//! A YubiKey that wants to be touched: whoever waits is told, who does not touch costs one request, and a touch that
//! counts for a while is not asked for again.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs::{self, File};
use std::thread;
use std::time::{Duration, Instant};

use tests::Agent;
use tests::piv::PivRig;
use tests::wait::{until, until_true};
use tests::yubikey::Model;

/// One that gives up soon.
const HASTY: Model = Model { serial: 10_000_001, firmware: "5.4.3", touch_time: 6 };

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
    sign_with_touch(&rig, &agent);
    until_true("nobody is told any more", || agent.tokens()[0]["touch"].is_null());
}

/// One that blinks for longer than anybody waits.
const PATIENT: Model = Model { serial: 10_000_001, firmware: "5.4.3", touch_time: 120 };

#[test]
fn a_touch_is_waited_for_until_the_deadline_also_where_the_key_would_wait_on() {
    let rig = PivRig::of(PATIENT).token_line("touch_policy = \"always\"\ndeadline = \"5s\"");
    let agent = rig.start();
    provision_with_touches(&rig);
    let asked = Instant::now();
    agent.assertion("de").refused(503, "token-unavailable");
    let waited = asked.elapsed();
    // The deadline, and the 20 seconds that a touch may take besides.
    assert!(waited >= Duration::from_secs(24) && waited < Duration::from_secs(60), "{waited:?}");
    assert!(rig.key.blinks(), "it was the key that gave up");
    // Whoever comes to it at last presses in vain; then it signs again, and nobody restarted the agent.
    rig.key.touch();
    agent.await_tokens("ready");
    sign_with_touch(&rig, &agent);
    assert_eq!(rig.key.refused_pins(), 0);
}

#[test]
fn a_touch_that_does_not_come_fails_one_request_and_no_more() {
    let rig = PivRig::of(HASTY).token_line("touch_policy = \"always\"");
    let agent = rig.start();
    provision_with_touches(&rig);
    let asked = Instant::now();
    let answer = agent.assertion("de").refused(503, "token-unavailable");
    assert!(asked.elapsed() < Duration::from_secs(30), "the deadline passed long ago");
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert_eq!(detail, "Nobody touched it in time. Try again, and touch it.");
    sign_with_touch(&rig, &agent);
    assert_eq!((agent.tokens()[0]["state"].clone(), rig.key.refused_pins()), ("ready".into(), 0));
}

#[test]
fn who_provisions_and_does_not_touch_is_told_so_and_provisions_again() {
    let rig = PivRig::of(HASTY).token_line("touch_policy = \"always\"");
    let agent = rig.start();
    let untouched = rig.rig.kunci(&["provision", "de"]);
    let said = String::from_utf8_lossy(&untouched.stderr).into_owned();
    assert!(!untouched.status.success() && said.contains("Nobody touched it in time."), "{said}");
    thread::scope(|scope| {
        // It carries on with the key that is there: one touch, for the certificate.
        let provision = scope.spawn(|| rig.rig.kunci(&["provision", "de"]));
        rig.key.touch();
        let output = provision.join().unwrap();
        assert!(output.status.success(), "{output:?}");
    });
    assert_eq!(rig.key.commands("47"), 1, "the key of the first try is used");
    sign_with_touch(&rig, &agent);
}

#[test]
fn a_touch_that_is_remembered_serves_many_signatures_and_nobody_is_told_to_touch() {
    let rig = PivRig::new().token_line("touch_policy = \"cached\"");
    let agent = rig.start();
    thread::scope(|scope| {
        let provision = scope.spawn(|| rig.rig.kunci(&["provision", "de"]));
        // The probe's touch counts for the certificate, too.
        rig.key.touch();
        assert!(provision.join().unwrap().status.success());
    });
    // Plugged in anew, it remembers nothing; then it remembers again.
    rig.key.pull();
    agent.await_tokens("missing");
    rig.key.insert();
    agent.wait_ready();
    // A machine that is busy for longer than a touch counts shows nothing: it is touched again then, and tried anew.
    until_true("two signatures are asked for and made while the touch counts", || {
        let before = Instant::now();
        sign_with_touch(&rig, &agent);
        let told = [sign_and_see(&rig, &agent), sign_and_see(&rig, &agent)];
        let counts = before.elapsed() < TOUCH_COUNTS;
        assert!(!counts || told == [false, false], "somebody is told to touch it for nothing: {told:?}");
        counts
    });
}

/// For how long the agent takes a touch for remembered: token/src/piv/slot.rs.
const TOUCH_COUNTS: Duration = Duration::from_secs(13);

/// A signature that takes a second, and whether anybody was told to touch the key meanwhile. It is, where it waits for that.
#[track_caller]
fn sign_and_see(rig: &PivRig, agent: &Agent) -> bool {
    // The word that a touch came is later than the answer that waited for it.
    until_true("nobody is told any more", || agent.tokens()[0]["touch"].is_null());
    rig.key.fault("87 delay=1000");
    thread::scope(|scope| {
        let asked = scope.spawn(|| agent.assertion("de"));
        let mut told = false;
        while !asked.is_finished() {
            told |= agent.tokens()[0]["touch"] == true;
            if rig.key.blinks() {
                told = true;
                rig.key.touch();
            }
        }
        asked.join().unwrap().ok();
        told
    })
}

/// A provisioned key, with one touch for the probe and one for the certificate.
#[track_caller]
fn provision_with_touches(rig: &PivRig) {
    thread::scope(|scope| {
        let provision = scope.spawn(|| rig.rig.kunci(&["provision", "de"]));
        rig.key.touch();
        rig.key.touch();
        assert!(provision.join().unwrap().status.success());
    });
}

/// A signature for which somebody touches it.
#[track_caller]
fn sign_with_touch(rig: &PivRig, agent: &Agent) {
    thread::scope(|scope| {
        let asked = scope.spawn(|| agent.assertion("de"));
        rig.key.touch();
        asked.join().unwrap().ok();
    });
}
