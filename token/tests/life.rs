//! A host's life as its supervisor sees it: login, latch, a missing token, unlocking, and the end.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::fs;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::time::Instant;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::net::SendFlags;
use support::host::{Host, PATIENCE, ask, be_a_host, pin_of, receive};
use support::{Bench, PIN, messages};
use token::control::{self, HostConfig, HostState, LoginOutcome, Order, PinOrigin, Report};
use token::lane::{Done, Fault, MAX_ASK, Work};
use token::seqpacket;

#[test]
fn host_process() {
    be_a_host("host_process");
}

fn prompting(bench: &Bench) -> HostConfig {
    let mut config = bench.config();
    config.token.pin = serde_json::from_str(r#"{"prompt": true}"#).unwrap();
    config
}

/// Connects as `kunci token unlock` does and says something.
fn unlock(host: &Host, text: &str) -> UnixStream {
    let (mut client, theirs) = UnixStream::pair().unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    control::send(host.control(), &Order::Unlock, &[theirs.as_fd()]).unwrap();
    client.write_all(text.as_bytes()).unwrap();
    client
}

fn said(mut client: UnixStream) -> String {
    let mut text = String::new();
    client.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn an_attempt_names_serial_and_source_before_any_login() {
    let bench = Bench::new();
    let host = Host::start(bench.config());
    assert_eq!(host.report(), Report::State(HostState::Starting));
    let Report::Attempt { serial, source } = host.report() else { panic!() };
    assert_eq!(serial.len(), 16);
    let identity = bench.config().token.pin.open().unwrap().unwrap().identity;
    assert_eq!(source, PinOrigin::Source(identity));
    assert_eq!(host.ask(Work::Survey { from: 0 }), Err(Fault::Starting), "nothing works before the word");
    host.order(&Order::LogIn);
    assert_eq!(host.report(), Report::Outcome { serial: serial.clone(), outcome: LoginOutcome::Accepted });
    assert_eq!(host.report(), Report::State(HostState::Ready { serial }));
}

#[test]
fn a_wrong_pin_is_tried_once_and_then_only_after_an_operators_word() {
    let bench = Bench::new();
    bench.write_secret("pin", "000000\n");
    let host = Host::start(bench.config());
    assert!(matches!(host.log_in(), LoginOutcome::Refused(_)));
    host.await_state(|state| matches!(state, HostState::Latched(_)));
    for _ in 0..50 {
        assert!(matches!(host.ask(Work::Survey { from: 0 }), Err(Fault::Latched(_))));
    }
    // Written in place: the same inode, so that the same process may read it.
    bench.write_secret("pin", PIN);
    host.order(&Order::Retry);
    // Were there a second attempt before the word, it would come first here.
    assert!(matches!(host.report(), Report::Attempt { .. }));
    host.order(&Order::LogIn);
    assert!(matches!(host.report(), Report::Outcome { outcome: LoginOutcome::Accepted, .. }));
}

#[test]
fn a_latched_host_never_calls_the_token() {
    let bench = Bench::new();
    let host = Host::start(bench.config());
    host.await_report(|report| matches!(report, Report::Attempt { .. }));
    host.order(&Order::Latched("refused before".into()));
    assert_eq!(host.report(), Report::State(HostState::Latched("refused before".into())));
    assert_eq!(host.ask(Work::Survey { from: 0 }), Err(Fault::Latched("refused before".into())));
}

#[test]
fn a_latched_host_asks_again_once_its_pin_file_is_another() {
    let bench = Bench::new();
    let host = Host::start(bench.config());
    host.await_report(|report| matches!(report, Report::Attempt { .. }));
    host.order(&Order::Latched("refused before".into()));
    host.await_state(|state| matches!(state, HostState::Latched(_)));
    bench.write_secret("pin", PIN);
    let Report::Attempt { source, .. } = host.report() else { panic!() };
    let identity = bench.config().token.pin.open().unwrap().unwrap().identity;
    assert_eq!(source, PinOrigin::Source(identity));
}

#[test]
fn a_pin_file_that_was_replaced_ends_the_host_so_that_a_new_one_can_read_it() {
    let bench = Bench::new();
    let mut host = Host::start(bench.config());
    host.await_report(|report| matches!(report, Report::Attempt { .. }));
    host.order(&Order::Latched("refused before".into()));
    bench.write_secret("new-pin", PIN);
    fs::rename(bench.path("new-pin"), bench.path("pin")).unwrap();
    host.order(&Order::Retry);
    assert!(host.ended().signal().is_some());
}

#[test]
fn an_unusable_pin_source_is_named_and_never_tried() {
    let bench = Bench::new();
    bench.write_secret("pin", "\n");
    let host = Host::start(bench.config());
    host.await_state(|state| matches!(state, HostState::NoPin(_)));
    assert!(matches!(host.ask(Work::Survey { from: 0 }), Err(Fault::PinSource(_))));
    bench.write_secret("pin", PIN);
    assert_eq!(host.log_in(), LoginOutcome::Accepted);
}

#[test]
fn a_token_that_appears_is_served() {
    let bench = Bench::blank();
    let host = Host::start(bench.config());
    host.await_state(|state| matches!(state, HostState::Missing(_)));
    assert!(matches!(host.ask(Work::Survey { from: 0 }), Err(Fault::TokenMissing(_) | Fault::Starting)));
    bench.init_token("bench");
    assert_eq!(host.log_in(), LoginOutcome::Accepted);
    host.await_state(|state| matches!(state, HostState::Ready { .. }));
    host.generate("es", 1);
}

#[test]
fn a_token_that_goes_and_comes_back_signs_with_the_same_key() {
    let bench = Bench::new();
    let host = Host::ready(bench.config());
    let key = pin_of(&host.generate("es", 1));
    let sign = || host.ask(messages::sign("es", key, messages::assertion()));
    assert!(sign().is_ok());
    bench.unplug();
    let until = Instant::now() + PATIENCE;
    while !matches!(sign(), Err(Fault::TokenMissing(_))) {
        assert!(Instant::now() < until, "{:?}", sign());
    }
    host.await_state(|state| matches!(state, HostState::Missing(_)));
    bench.plug_in();
    assert_eq!(host.log_in(), LoginOutcome::Accepted);
    host.await_state(|state| matches!(state, HostState::Ready { .. }));
    assert!(matches!(sign(), Ok(Done::Signature(_))));
}

#[test]
fn another_token_with_the_same_label_is_not_served_in_its_place() {
    let bench = Bench::new();
    let host = Host::ready(bench.config());
    let key = pin_of(&host.generate("es", 1));
    let sign = || host.ask(messages::sign("es", key, messages::assertion()));
    bench.unplug();
    bench.init_token("bench");
    let until = Instant::now() + PATIENCE;
    while !matches!(sign(), Err(Fault::TokenMissing(_) | Fault::TokenAmbiguous(_))) {
        assert!(Instant::now() < until, "{:?}", sign());
    }
    host.await_state(|state| matches!(state, HostState::Missing(why) if why.contains("was served before")));
}

#[test]
fn two_tokens_that_match_are_none() {
    let bench = Bench::new();
    bench.init_token("bench");
    let host = Host::start(bench.config());
    host.await_state(|state| matches!(state, HostState::Missing(why) if why.contains("2 tokens")));
}

#[test]
fn a_locked_token_takes_its_pin_from_a_person() {
    let bench = Bench::new();
    let host = Host::start(prompting(&bench));
    host.await_state(|state| *state == HostState::Locked);
    assert_eq!(host.ask(Work::Survey { from: 0 }), Err(Fault::Locked));
    let client = unlock(&host, &format!("{PIN}\n"));
    let attempt = host.await_report(|report| matches!(report, Report::Attempt { .. }));
    assert!(matches!(attempt, Report::Attempt { source: PinOrigin::Prompt, .. }));
    host.order(&Order::LogIn);
    assert_eq!(said(client), "ok\n");
    host.await_state(|state| matches!(state, HostState::Ready { .. }));
    assert!(said(unlock(&host, "123456\n")).starts_with("refused: the token is unlocked already"));
}

#[test]
fn a_client_without_a_pin_costs_no_attempt() {
    let bench = Bench::new();
    let host = Host::start(prompting(&bench));
    host.await_state(|state| *state == HostState::Locked);
    for bad in ["\n".to_owned(), "1".repeat(257)] {
        let client = unlock(&host, &bad);
        assert!(said(client).starts_with("refused: no PIN"), "{}", bad.len());
    }
    let client = unlock(&host, "000000\n");
    assert!(matches!(host.log_in(), LoginOutcome::Refused(_)));
    assert!(said(client).starts_with("refused: "));
    host.await_state(|state| matches!(state, HostState::Latched(_)));
}

#[test]
fn a_host_ends_with_its_supervisor_even_while_its_module_hangs() {
    let bench = Bench::new();
    let fifo = bench.path("module.so");
    // Opening a named pipe without a writer hangs, as a module's initialisation may.
    mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let mut config = bench.config();
    config.token.module = Some(fifo);
    let mut host = Host::start(config);
    assert_eq!(host.report(), Report::State(HostState::Starting));
    host.control = None;
    assert_eq!(host.ended().signal(), Some(9));
}

#[test]
fn a_module_that_does_not_load_is_named() {
    let bench = Bench::new();
    let mut config = bench.config();
    config.token.module = Some("/usr/lib/no-such-module.so".into());
    let mut host = Host::start(config);
    host.await_state(|state| matches!(state, HostState::Failed(why) if why.contains("no-such-module")));
    host.ended();
}

#[test]
fn a_frame_that_cannot_be_read_closes_its_lane_and_no_other() {
    let bench = Bench::new();
    let host = Host::ready(bench.config());
    for bad in [vec![0xff; 40], vec![0; MAX_ASK + 1]] {
        let lane = host.open_lane();
        seqpacket::send(&lane, &bad, &[], SendFlags::empty()).unwrap();
        assert_eq!(receive(&lane).unwrap().outcome, Err(Fault::Protocol));
        assert_eq!(receive(&lane), None);
    }
    assert!(host.ask(Work::Survey { from: 0 }).is_ok());
}

#[test]
fn lanes_sign_side_by_side() {
    let bench = Bench::new();
    let host = Host::ready(bench.config());
    let key = pin_of(&host.generate("es", 1));
    let lanes: Vec<_> = (0..4).map(|_| host.open_lane()).collect();
    std::thread::scope(|scope| {
        for lane in &lanes {
            scope.spawn(move || {
                for id in 0..50 {
                    let done = ask(lane, id, messages::sign("es", key, messages::assertion()));
                    assert!(matches!(done, Ok(Done::Signature(_))), "{done:?}");
                }
            });
        }
    });
}
