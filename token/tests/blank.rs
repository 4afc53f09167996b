//! A blank token initialised: by the supervisor's word only, and once.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::fs;

use support::Bench;
use support::host::{Host, ask, be_a_host};
use token::control::{HostState, LoginOutcome, Order, PinOrigin, Report};
use token::lane::{Done, Fault, Work};

#[test]
fn host_process() {
    be_a_host("host_process");
}

/// Asks to initialise a blank token and gives `word` on the officer's attempt; also the attempt's serial and source.
fn initialise(host: &Host, word: &Order) -> (Result<Done, Fault>, String, PinOrigin) {
    let lane = host.open_lane();
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            loop {
                match ask(&lane, 1, Work::Initialise) {
                    Err(Fault::Starting) => {}
                    done => break done,
                }
            }
        });
        let attempt = host.await_report(|report| matches!(report, Report::Attempt { .. }));
        host.order(word);
        let Report::Attempt { serial, source } = attempt else { panic!() };
        (asking.join().unwrap(), serial, source)
    })
}

fn officer(bench: &Bench) -> PinOrigin {
    PinOrigin::Officer(bench.config().token.so_pin.unwrap().open().unwrap().unwrap().identity)
}

#[test]
fn a_blank_token_is_not_initialised_without_the_supervisors_word() {
    let bench = Bench::blank();
    let host = Host::start(bench.config());
    host.await_state(|state| matches!(state, HostState::Missing(_)));
    let (done, serial, source) = initialise(&host, &Order::Latched("refused before".into()));
    assert!(matches!(done, Err(Fault::Initialise(why)) if why.contains("refused before")));
    assert_eq!(source, officer(&bench));
    assert!(!serial.is_empty(), "a blank token without a serial number is known by its slot");
    assert_eq!(fs::read_dir(bench.path("tokens")).unwrap().count(), 0, "nothing was made");
}

#[test]
fn a_blank_token_is_initialised_once_and_then_served() {
    let bench = Bench::blank();
    let host = Host::start(bench.config());
    host.await_state(|state| matches!(state, HostState::Missing(_)));
    let (Ok(Done::Token(token)), blank, _) = initialise(&host, &Order::LogIn) else { panic!() };
    assert_eq!(token.label, "bench");
    assert_eq!(host.report(), Report::Outcome { serial: blank, outcome: LoginOutcome::Accepted });
    assert_eq!(host.log_in(), LoginOutcome::Accepted);
    host.await_state(|state| matches!(state, HostState::Ready { .. }));
    host.generate("ps", 1);
    assert!(matches!(host.ask(Work::Initialise), Err(Fault::Initialise(_))));
}
