//! A blank token initialised: by the supervisor's word only, and once; and one that was left halfway carried on.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use std::fs;
use std::process::Command;

use support::host::{Host, ask, be_a_host};
use support::{Bench, MODULE, PIN, SO_PIN};
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

#[test]
fn a_pin_that_the_token_would_not_take_is_refused_before_anything_is_changed_or_tried() {
    let bench = Bench::blank();
    let host = Host::start(bench.config());
    host.await_state(|state| matches!(state, HostState::Missing(_)));
    for (file, bad, good, whose) in
        [("pin", "123", PIN, "the user's PIN"), ("so-pin", "1", SO_PIN, "the security officer's PIN")]
    {
        // In place: a host ends for a file that was replaced.
        fs::write(bench.path(file), bad).unwrap();
        let refused = host.ask(Work::Initialise);
        assert!(
            matches!(&refused, Err(Fault::Initialise(why)) if why.contains(whose) && why.contains("4 to 255 bytes")),
            "{refused:?}"
        );
        fs::write(bench.path(file), good).unwrap();
    }
    assert_eq!(fs::read_dir(bench.path("tokens")).unwrap().count(), 0, "nothing was made");
    // The next word of the host is about the first attempt: none came before.
    let (Ok(Done::Token(_)), blank, _) = initialise(&host, &Order::LogIn) else { panic!() };
    assert_eq!(host.report(), Report::Outcome { serial: blank, outcome: LoginOutcome::Accepted });
}

#[test]
fn a_token_without_its_users_pin_says_so_is_not_tried_and_is_carried_on() {
    let bench = half_made();
    let host = Host::start(bench.config());
    let state = host.await_state(|state| !matches!(state, HostState::Starting));
    assert!(matches!(&state, HostState::NoPin(why) if why.contains("kunci token init bench")), "{state:?}");
    let (Ok(Done::Token(token)), serial, source) = initialise(&host, &Order::LogIn) else { panic!() };
    assert_eq!((token.label.as_str(), &token.serial, source), ("bench", &serial, officer(&bench)));
    assert_eq!(host.report(), Report::Outcome { serial, outcome: LoginOutcome::Accepted });
    assert_eq!(host.log_in(), LoginOutcome::Accepted);
    host.await_state(|state| matches!(state, HostState::Ready { .. }));
    assert_eq!(fs::read_dir(bench.path("tokens")).unwrap().count(), 1, "it is the one that was begun");
}

#[test]
fn the_officers_pin_is_given_once_to_a_token_that_is_carried_on() {
    let bench = half_made();
    bench.write_secret("so-pin", "not-the-officers");
    let host = Host::start(bench.config());
    host.await_state(|state| matches!(state, HostState::NoPin(_)));
    let (done, serial, _) = initialise(&host, &Order::LogIn);
    assert!(
        matches!(&done, Err(Fault::Unfinished(why)) if why.contains("officer's PIN is latched")),
        "{done:?}"
    );
    let refused = LoginOutcome::Refused("PinIncorrect from C_Login".into());
    assert_eq!(host.report(), Report::Outcome { serial, outcome: refused });
    // A second time is the supervisor's to allow.
    let (done, ..) = initialise(&host, &Order::Latched("refused before".into()));
    assert!(matches!(&done, Err(Fault::Unfinished(why)) if why.contains("refused before")), "{done:?}");
}

/// A token as C_InitToken leaves it: with its label, and without a user's PIN.
fn half_made() -> Bench {
    let bench = Bench::blank();
    let mut command = Command::new("pkcs11-tool");
    command.args(["--module", MODULE, "--init-token", "--label", "bench", "--so-pin", SO_PIN]);
    let output = command.env("SOFTHSM2_CONF", bench.conf()).output();
    let output = output.expect("pkcs11-tool is missing: apt-get install opensc");
    assert!(output.status.success(), "{output:?}");
    bench
}
