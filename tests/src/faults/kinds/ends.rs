//! The module crashes, ends, hangs or forks: while it is initialised, while it logs in, while it signs.

use fault_module::{Action, Function};

use super::{Group, Kind};
use crate::faults::{Scene, Times};
use crate::wait::until_true;

/// Longer than a signature takes, shorter than the rig's deadline of 2 s; and longer than it.
const SLOW_MS: u64 = 300;
const TOO_SLOW_MS: u64 = 6_000;
/// How often a module crashes at its start before it does no more.
const CRASHES: u64 = 5;

pub(super) fn kinds() -> Vec<Kind> {
    use Function::{Initialize, Login, Sign};
    vec![
        start("SIGSEGV in C_Initialize", Initialize, Action::Segv),
        start("abort in C_Initialize", Initialize, Action::Abort),
        start("exit in C_Initialize", Initialize, Action::Exit),
        start("C_Initialize hangs", Initialize, Action::Hang),
        start("SIGSEGV in C_Login", Login, Action::Segv),
        start("abort in C_Login", Login, Action::Abort),
        start("exit in C_Login", Login, Action::Exit),
        start("C_Login hangs", Login, Action::Hang),
        signing("SIGSEGV in C_Sign", Sign, Action::Segv, 0),
        signing("abort in C_Sign", Sign, Action::Abort, 0),
        signing("exit in C_Sign", Sign, Action::Exit, 0),
        stalling("C_Sign hangs", Sign, Action::Hang, 0),
        stalling("C_SignInit hangs", Function::SignInit, Action::Hang, 0),
        signing("C_Sign takes 0.3 s", Sign, Action::Sleep, SLOW_MS),
        stalling("C_Sign takes longer than the deadline", Sign, Action::Sleep, TOO_SLOW_MS),
        start("C_OpenSession hangs at a start", Function::OpenSession, Action::Hang),
        start("C_FindObjects hangs at a start", Function::FindObjects, Action::Hang),
        Kind::new(Group::Ends, "C_GetTokenInfo hangs while the token is served", |scene| {
            let host = scene.agent().hosts();
            scene.strike(Function::GetTokenInfo, Action::Hang, 0, 1);
            until_true("the host is replaced", || {
                let now = scene.agent().hosts();
                !now.is_empty() && now != host
            });
            scene.gone();
        }),
        Kind::new(Group::Ends, "SIGSEGV in C_Initialize, five times in a row", |scene| {
            scene.strike_start(Initialize, Action::Segv, 0, Times::N(CRASHES));
            scene.gone();
        }),
        Kind::new(Group::Ends, "a fork in C_Sign", |scene| fork(scene, Sign)),
        Kind::new(Group::Ends, "a fork in C_Initialize", |scene| {
            scene.strike_start(Initialize, Action::Fork, 0, Times::N(1));
            scene.gone();
            assert_eq!(scene.site.faults().children(), 0, "the module got a child");
        }),
    ]
}

/// Once, when the host starts.
fn start(name: &'static str, function: Function, action: Action) -> Kind {
    Kind::new(Group::Ends, name, move |scene| {
        scene.strike_start(function, action, 0, Times::N(1));
        scene.gone();
    })
}

/// Once, under load.
fn signing(name: &'static str, function: Function, action: Action, parameter: u64) -> Kind {
    Kind::new(Group::Ends, name, move |scene| scene.strike(function, action, parameter, 1))
}

/// Once, under load, until whoever waited for it is told that it took too long.
fn stalling(name: &'static str, function: Function, action: Action, parameter: u64) -> Kind {
    Kind::new(Group::Ends, name, move |scene| {
        scene.strike(function, action, parameter, 1);
        scene.callers.until_refused(1);
        scene.gone();
    })
}

fn fork(scene: &Scene<'_>, function: Function) {
    scene.strike(function, Action::Fork, 0, 3);
    assert_eq!(scene.site.faults().children(), 0, "the module got a child");
}
