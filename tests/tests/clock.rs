//! A clock that is moved stops signatures until it holds still and the step is on record, forwards, backwards and while the
//! agent was down; and a host signs only what its own clock says is of now. libfaketime moves the wall clocks of all the agent's
//! processes (CLOCK_BOOTTIME, read by a system call, stays the kernel's), and of the front alone where it is to lie.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::{Duration, Instant};

use tests::clock::{self, set, set_fronts};
use tests::rig::OBJECT;
use tests::wait::{until, until_true};
use tests::{Agent, Rig};

/// An hour, a minute and just over the limit of 2 s: libfaketime's offsets, in seconds.
const STEPS: [&str; 4] = ["+3600", "+0", "-60", "-57.5"];
/// How long the clock must hold still.
const SETTLE: Duration = Duration::from_secs(3);

#[test]
fn a_clock_moved_either_way_stops_signatures_until_it_was_steady_for_three_seconds() {
    let rig = rig();
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
    let rig = rig();
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
    let rig = rig();
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

/// Dates pass without a survey: nothing but the clock changes.
#[test]
fn a_certificate_ends_by_the_clock_alone() {
    let rig = rig();
    let agent = start_at(&rig, "+0");
    let health = || agent.call("GET", "/v1/health", "").json();
    assert_eq!((&health()["status"], &health()["reasons"]), (&"ok".into(), &serde_json::json!([])));
    for (days, code, status) in [
        (100, "certificate-ends-90", "ok"),
        (160, "certificate-ends-30", "ok"),
        (175, "certificate-ends-7", "ok"),
        (181, "certificate-expired", "degraded"),
    ] {
        set(&rig, &format!("+{}", days * 86_400));
        until_true(&format!("{code} is all that is told"), || {
            let health = health();
            let reasons = health["reasons"].as_array().unwrap();
            reasons.len() == 1 && reasons[0]["code"] == code && health["status"] == status
        });
    }
    let page = String::from_utf8(rig.kunci(&["status"]).stdout).unwrap();
    assert!(page.contains("degraded, 0 of 1 connectors serve"), "{page}");
}

/// What a front that was taken over could stockpile: messages dated when it is long gone, or was not there yet.
#[test]
fn a_host_signs_nothing_that_its_front_dates_otherwise_than_its_own_clock() {
    let rig = rig();
    let agent = start_at(&rig, "+0");
    agent.assertion("de").ok();
    let released = released(&rig);
    // The last one is just beyond a minute and the deadline of 10 s.
    for lie in ["+3600", "-3600", "+75"] {
        set_fronts(&rig, lie);
        let refused = until("the front's own watch lets go", || {
            let reply = agent.assertion("de");
            assert_eq!(reply.status, 503, "signed {lie} s away: {reply:?}");
            (reply.code() != "clock-step").then_some(reply)
        });
        refused.refused(503, "message-untimely");
        let proof = format!(r#"{{"object_id":"{OBJECT}","reason":"stockpile"}}"#);
        agent.admin("POST", "/v1/connectors/de/proofs", &proof).refused(503, "message-untimely");
        // The host says so itself.
        agent.await_output("not signed: the message is dated");
    }
    set_fronts(&rig, "+0");
    until_true("an honest front is served", || agent.assertion("de").status == 200);
    assert!(agent.stop().success());
    assert_eq!(self::released(&rig), released + 1, "an intent that was not signed for is not voided");
    rig.assert_whole();
}

/// Intents that count as signatures.
fn released(rig: &Rig) -> usize {
    let entries = rig.entries();
    let of = |kind| entries.iter().filter(|entry| entry.kind == kind).count();
    of(ledger::Kind::Intent) - of(ledger::Kind::Void)
}

/// A rig whose host has a clock of its own.
fn rig() -> Rig {
    clock::clocked(Rig::bare()).provisioned()
}

/// Starts the agent with clocks that [`set`] moves, and waits until its token is ready.
fn start_at(rig: &Rig, offset: &str) -> Agent {
    let agent = clock::spawn(rig, offset);
    agent.wait_ready();
    agent
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
