//! A clock that is moved stops signatures until it holds still and the step is on record, forwards, backwards and while the
//! agent was down. libfaketime moves the front's wall clock (CLOCK_BOOTTIME, read by a system call, stays the kernel's).

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::time::{Duration, Instant};

use tests::rig::library;
use tests::wait::{until, until_true};
use tests::{Agent, Rig};

/// An hour, a minute and just over the limit of 2 s: libfaketime's offsets, in seconds.
const STEPS: [&str; 4] = ["+3600", "+0", "-60", "-57.5"];
/// How long the clock must hold still.
const SETTLE: Duration = Duration::from_secs(3);

#[test]
fn a_clock_moved_either_way_stops_signatures_until_it_was_steady_for_three_seconds() {
    let rig = Rig::bare().provisioned();
    let agent = start_at(&rig, "+0");
    agent.assertion("de").ok();
    for (steps, offset) in (1..).zip(STEPS) {
        let moved = Instant::now();
        set(&rig, offset);
        stops_and_resumes(&agent, moved);
        assert_eq!(rig.postures("clock-step").len(), steps, "after {offset}");
    }
    // Claims are made of the moved clock, which is now the agent's word for the time.
    let issued = ledger_time(&rig);
    assert!((issued + 57 - now()).abs() <= 3, "{issued} {}", now());
    assert!(agent.stop().success());
    rig.assert_whole();
}

#[test]
fn a_step_within_three_seconds_of_another_starts_the_wait_again() {
    let rig = Rig::bare().provisioned();
    let agent = start_at(&rig, "+0");
    set(&rig, "+100");
    until_true("the step is seen", || agent.assertion("de").status == 503);
    let moved = Instant::now();
    set(&rig, "+200");
    stops_and_resumes(&agent, moved);
    assert_eq!(rig.postures("clock-step").len(), 1);
}

#[test]
fn a_start_behind_the_last_entry_is_held_until_its_step_is_on_record() {
    let rig = Rig::bare().provisioned();
    let agent = start_at(&rig, "+3600");
    agent.assertion("de").ok();
    assert!(agent.stop().success());
    let started = Instant::now();
    let agent = start_at(&rig, "+0");
    stops_and_resumes(&agent, started);
    assert_eq!(rig.postures("clock-step").len(), 1);
    assert!(agent.stop().success());
    // Once recorded, it is no news any more.
    let agent = start_at(&rig, "+0");
    agent.assertion("de").ok();
    // A start ahead of the last entry is what time does.
    assert!(agent.stop().success());
    start_at(&rig, "+600").assertion("de").ok();
    assert_eq!(rig.postures("clock-step").len(), 1);
    rig.assert_whole();
}

/// Starts the agent with a clock that [`set`] moves, and waits until its token is ready.
fn start_at(rig: &Rig, offset: &str) -> Agent {
    let library = library("faketime/libfaketime.so.1", "libfaketime");
    set(rig, offset);
    let agent = rig.spawn_with(|command| {
        command
            .env("LD_PRELOAD", library)
            .env("FAKETIME_TIMESTAMP_FILE", clock(rig))
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("NO_FAKE_STAT", "1")
    });
    agent.wait_ready();
    agent
}

/// The file lies where the confined front can still read: beside the certificates.
fn clock(rig: &Rig) -> std::path::PathBuf {
    rig.at("state/certificates/faketime")
}

fn set(rig: &Rig, offset: &str) {
    let (file, new) = (clock(rig), rig.at("faketime.new"));
    fs::write(&new, format!("{offset}\n")).unwrap();
    fs::rename(new, file).unwrap();
}

/// Signing stops with `clock-step`, for three seconds since the clock was moved, and resumes by itself.
#[track_caller]
fn stops_and_resumes(agent: &Agent, moved: Instant) {
    let refused = until("signing stops", || {
        let reply = agent.assertion("de");
        (reply.status != 200).then_some(reply)
    });
    let refused = refused.refused(503, "clock-step");
    assert_eq!(refused.header("retry-after"), Some("3"));
    assert_eq!(agent.call("GET", "/v1/health", "").json()["status"], "degraded");
    until("signing resumes", || {
        let reply = agent.assertion("de");
        assert!(matches!(reply.status, 200 | 503), "{reply:?}");
        (reply.status == 200).then_some(())
    });
    assert!(moved.elapsed() >= SETTLE, "it resumed after {:?}", moved.elapsed());
    println!("signing resumed after {:?}", moved.elapsed());
}

/// The time of the last entry, in seconds since 1970.
fn ledger_time(rig: &Rig) -> i64 {
    rig.entries().last().unwrap().time.unwrap().as_second()
}

fn now() -> i64 {
    i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_secs()).unwrap()
}
