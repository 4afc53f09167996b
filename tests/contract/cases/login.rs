//! A wrong PIN: tried once, then never again until an operator says so.

use token::control::{HostState, LoginOutcome, Order, Report};
use token::lane::{Fault, Work};

use crate::bench::PIN;
use crate::life::Life;

/// How often the latched host is asked.
const QUESTIONS: usize = 20;

pub(super) fn wrong_pin(life: &mut Life) {
    life.stop();
    let wrong: String = PIN.chars().rev().collect();
    life.bench.write("pin", &wrong);
    let host = life.start();
    let outcome = host.log_in();
    let LoginOutcome::Refused(code) = outcome else { panic!("{outcome:?}") };
    host.await_state(|state| matches!(state, HostState::Latched(_)));
    for _ in 0..QUESTIONS {
        let answer = host.ask(Work::Survey { from: 0 });
        assert!(matches!(answer, Err(Fault::Latched(_))), "{answer:?}");
    }
    // Written in place: the same file, so that the same process may read it.
    life.bench.write("pin", PIN);
    host.order(&Order::Retry);
    // Were there a second attempt before the word, it would come first here.
    let next = host.report().unwrap();
    assert!(matches!(next, Report::Attempt { .. }), "{next:?}");
    host.order(&Order::LogIn);
    host.await_state(|state| matches!(state, HostState::Ready { .. }));
    life.serve(host);
    life.note(code);
}
