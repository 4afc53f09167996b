//! Keys that want their PIN for each signature (CKA_ALWAYS_AUTHENTICATE), beside one that does not, through the installed
//! agent: SoftHSM2 refuses each signature of theirs without a login of its own.
//!
//! Calls are counted, and failed, by the fault module between the agent and SoftHSM2, which itself goes on with the PIN that it
//! was loaded with.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::os::unix::fs::FileExt;
use std::thread;

use cryptoki_sys::*;
use rustix::process::Signal;
use serde_json::Value;
use tests::Rig;
use tests::agent::kill;
use tests::always::{FLAWS, LANES};
use tests::faults::{Action, Faults, Function as F, Times};
use tests::load::{Load, Received};
use tests::rig::PIN;
use tests::wait::until_true;

/// What a person runs to type a PIN.
const UNLOCK: [&str; 3] = ["token", "unlock", "soft"];
const CLIENTS: usize = 8;
/// How many signatures are waited for.
const MANY: usize = 60;
/// How many clients ask at once when the PIN was changed.
const AT_ONCE: usize = 16;

#[test]
fn many_lanes_sign_each_after_a_login_of_its_own_and_other_keys_without_any() {
    let rig = Rig::bare().adopted();
    let agent = rig.start();
    let load = Load::start(agent.socket(), CLIENTS);
    let mut plain = Vec::new();
    while load.answered() < MANY {
        plain.push(Received::of(&agent.assertion("plain").ok()));
        plain.push(Received::of(&agent.assertion("uk").ok()));
    }
    let took = load.stop();
    assert_eq!((took.refused.len(), took.broken), (0, 0), "{took:?}");
    assert!(agent.stop().success());
    rig.assert_recorded(&[took.received, plain].concat());
}

#[test]
fn a_signature_is_one_login_and_reads_no_attribute_anew() {
    let rig = Rig::bare().adopted().lanes(1);
    rig.except(&FLAWS);
    let (agent, faults) = (rig.start(), Faults::of(&rig));
    let calls = || [F::Login, F::GetAttributeValue, F::FindObjects].map(|one| faults.calls(one));
    for (connector, logins) in [("de", 1), ("uk", 1), ("plain", 0)] {
        agent.assertion(connector).ok();
        let before = calls();
        for _ in 0..5 {
            agent.assertion(connector).ok();
        }
        assert_eq!(calls(), [before[0] + 5 * logins, before[1], before[2]], "{connector}");
    }
    let checked: Value = serde_json::from_str(&rig.kunci_ok(&["--json", "token", "check", "soft"])).unwrap();
    for key in checked["keys"].as_array().unwrap() {
        let wants = key["pin_each_time"] == true;
        assert_eq!((wants, &key["probe"]), (key["label"] != "kunci:plain", &true.into()), "{key}");
    }
    assert!(rig.kunci_ok(&["token", "check", "soft"]).contains("wants the PIN for each signature"));
}

#[test]
fn a_pin_that_is_refused_is_given_once_however_many_ask_and_latches_the_token() {
    let rig = Rig::bare().adopted();
    let faults = Faults::of(&rig);
    for code in [CKR_PIN_INCORRECT, CKR_PIN_LOCKED, CKR_PIN_EXPIRED] {
        let agent = rig.spawn_with(|command| command.env("KUNCI_LOG", "trace"));
        agent.wait_ready();
        agent.assertion("de").ok();
        let before = faults.calls(F::Login);
        faults.strike(F::Login, Action::Code, code, Times::Always);
        thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| agent.assertion("de").refused(503, "token-unavailable"));
            }
        });
        agent.await_tokens("latched");
        // The latch is the token's: no key of it signs, and no PIN is given to it.
        agent.assertion("plain").refused(503, "token-unavailable");
        agent.assertion("uk").refused(503, "token-unavailable");
        faults.clear();
        assert!(agent.stop().success());

        let agent = rig.spawn();
        agent.await_tokens("latched");
        rig.kunci_ok(&["token", "unlatch", "soft"]);
        until_true("the host asked again", || agent.detail().contains("this very file"));
        assert_eq!(faults.calls(F::Login), before + 1, "{code}");
        rig.private("pin", PIN);
        agent.wait_ready();
        ["de", "uk", "plain"].iter().for_each(|connector| drop(agent.assertion(connector).ok()));
        assert!(agent.stop().success());
    }
    assert!(!fs::read_to_string(rig.at("agent.log")).unwrap().contains(PIN));
}

#[test]
fn without_a_restart_it_signs_again_once_the_latch_is_cleared_and_the_file_is_another() {
    let rig = Rig::bare().adopted();
    let (agent, faults) = (rig.start(), Faults::of(&rig));
    faults.strike(F::Login, Action::Code, CKR_PIN_INCORRECT, Times::N(1));
    agent.assertion("uk").refused(503, "token-unavailable");
    agent.await_tokens("latched");
    assert!(agent.detail().contains("PinIncorrect from C_Login"), "{}", agent.detail());
    rig.kunci_ok(&["token", "unlatch", "soft"]);
    until_true("the host asked again", || agent.detail().contains("this very file"));
    rig.private("pin", PIN);
    agent.await_signature();
    agent.assertion("uk").ok();
}

#[test]
fn a_login_that_fails_otherwise_leaves_no_operation_behind_and_the_next_signature_works() {
    let rig = Rig::bare().adopted();
    let (agent, faults) = (rig.start(), Faults::of(&rig));
    for code in [CKR_SESSION_CLOSED, CKR_OPERATION_NOT_INITIALIZED, CKR_DEVICE_ERROR] {
        for function in [F::Login, F::SignUpdate, F::SignFinal] {
            let struck = faults.blows(function);
            faults.strike(function, Action::Code, code, Times::N(1));
            agent.assertion("uk");
            assert_eq!(faults.blows(function), struck + 1, "{code} from {function:?}");
            agent.await_signature();
            (0..2 * LANES).for_each(|_| drop(agent.assertion("uk").ok()));
        }
    }
    assert_eq!(faults.refused_pins(), 0);
    assert!(!agent.output().contains("OperationActive"), "a session was used with an operation left on it");
}

#[test]
fn a_typed_pin_serves_until_it_is_refused() {
    let rig = Rig::bare().adopted().pin_source("{ prompt = true }");
    rig.except(&FLAWS);
    let (agent, faults) = (rig.spawn(), Faults::of(&rig));
    agent.await_tokens("locked");
    assert!(rig.typed(&UNLOCK, PIN).status.success());
    agent.wait_ready();
    (0..5).for_each(|_| drop(agent.assertion("de").ok()));
    let before = faults.calls(F::Login);
    faults.strike(F::Login, Action::Code, CKR_PIN_INCORRECT, Times::N(1));
    agent.assertion("de").refused(503, "token-unavailable");
    agent.await_tokens("latched");
    assert_eq!(rig.typed(&UNLOCK, PIN).status.code(), Some(1));
    assert_eq!(faults.calls(F::Login), before + 1);
    rig.kunci_ok(&["token", "unlatch", "soft"]);
    agent.await_tokens("locked");
    assert!(rig.typed(&UNLOCK, PIN).status.success());
    agent.wait_ready();
    agent.assertion("de").ok();
    agent.hosts().into_iter().for_each(|host| kill(host, Signal::KILL));
    agent.await_tokens("locked");
}

#[test]
fn one_that_is_made_while_the_agent_runs_has_the_host_log_in_anew() {
    let rig = Rig::bare().with_plain();
    let agent = rig.start();
    let hosts = agent.hosts();
    rig.make_always("de", 1);
    // The PIN was wiped after the login, since no key wanted it: the first try has the host come back with it.
    until_true("it is adopted", || rig.adopts("de"));
    agent.await_signature();
    assert_ne!(agent.hosts(), hosts);
    rig.make_always("uk", 2);
    assert!(rig.adopts("uk"), "the PIN is there by now");
}

#[test]
fn the_pin_stays_in_the_hosts_memory_only_where_a_key_wants_it() {
    let rig = Rig::bare().with_plain();
    let agent = rig.start();
    agent.assertion("plain").ok();
    assert_eq!(copies(agent.hosts()[0]), 0);
    assert!(agent.stop().success());
    rig.make_always("de", 1);
    assert!(rig.adopts("de"));
    let agent = rig.start();
    agent.assertion("de").ok();
    assert!(copies(agent.hosts()[0]) > 0, "there is nothing to be seen");
    let faults = Faults::of(&rig);
    faults.strike(F::Login, Action::Code, CKR_PIN_INCORRECT, Times::N(1));
    agent.assertion("de").refused(503, "token-unavailable");
    agent.await_tokens("latched");
    assert_eq!(copies(agent.hosts()[0]), 0);
}

/// How often the rig's PIN is in the memory of a process, which only root may look into.
fn copies(process: u32) -> usize {
    let maps = fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let memory = fs::File::open(format!("/proc/{process}/mem")).unwrap();
    let bounds = |line: &str| {
        let (from, to) = line.split_once(' ')?.0.split_once('-')?;
        Some([from, to].map(|at| u64::from_str_radix(at, 16).unwrap()))
    };
    let writable = maps.lines().filter(|line| line.contains(" rw")).filter_map(bounds);
    let count = |[from, to]: [u64; 2]| {
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        // Stacks and heaps are read whole; what cannot be read is a guard or a device.
        memory
            .read_exact_at(&mut bytes, from)
            .map_or(0, |()| bytes.windows(PIN.len()).filter(|window| *window == PIN.as_bytes()).count())
    };
    writable.map(count).sum()
}
