//! The module crashes, ends, hangs or forks: while it is initialised, while it logs in, while it signs, when it has signed.
//!
//! What hangs counts from the moment when it began to: that it is found out is in the figure. A login may take half a minute,
//! whatever it does meanwhile.

use std::time::Duration;

use fault_module::{Action, Function};

use token::writes::LOGIN_LIMIT;

use super::{Group, Kind};
use crate::beats::Beats;
use crate::faults::{Scene, Times};
use crate::wait::until_true;

/// Longer than a signature takes, shorter than the rig's deadline of 2 s; and longer than it.
const SLOW_MS: u64 = 300;
const TOO_SLOW_MS: u64 = 6_000;
/// How often a module crashes at its start before it does no more.
const CRASHES: u64 = 5;
/// How long a token manager that hangs may go unseen while lanes sign, and its host be there: the watchdog's 3 s, the polls in which it
/// began and ended, and the next host's start.
const WATCHED: Duration = Duration::from_secs(6);
/// How often it forks.
const FORKS: u64 = 3;

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
        start("C_Login hangs", Login, Action::Hang).after(LOGIN_LIMIT),
        signing("SIGSEGV in C_Sign", Action::Segv, 0),
        Kind::new(Group::Ends, "SIGSEGV in C_Sign, which signed", |scene| {
            scene.strike_signed(Action::SegvAfter, 0);
        }),
        signing("abort in C_Sign", Action::Abort, 0),
        signing("exit in C_Sign", Action::Exit, 0),
        stalling("C_Sign hangs", Sign, Action::Hang, 0),
        Kind::new(Group::Ends, "C_Sign hangs when it has signed", |scene| {
            let hosts = scene.agent().hosts();
            scene.strike_signed(Action::HangAfter, 0);
            scene.until_replaced(&hosts);
        }),
        stalling("C_SignInit hangs", Function::SignInit, Action::Hang, 0),
        signing("C_Sign takes 0.3 s", Action::Sleep, SLOW_MS).refusing(0),
        stalling("C_Sign takes longer than the deadline", Sign, Action::Sleep, TOO_SLOW_MS),
        start("C_OpenSession hangs at a start", Function::OpenSession, Action::Hang),
        start("C_FindObjects hangs at a start", Function::FindObjects, Action::Hang),
        Kind::new(Group::Ends, "C_GetTokenInfo hangs while the token is served", |scene| {
            let hosts = scene.agent().hosts();
            scene.strike(Function::GetTokenInfo, Action::Hang, 0, 1);
            let hung = Beats::start();
            scene.until_replaced(&hosts);
            assert!(hung.passed() < WATCHED, "found out after {:?}", hung.passed());
            scene.gone();
        }),
        away("C_OpenSession hangs after a lost login", Function::OpenSession),
        Kind::new(Group::Ends, "SIGSEGV in C_Initialize, five times in a row", |scene| {
            scene.strike_start(Initialize, Action::Segv, 0, Times::N(CRASHES));
            scene.gone();
        }),
        Kind::new(Group::Ends, "a fork in C_Sign", |scene| {
            let before = scene.site.faults().returns(Sign);
            scene.strike(Sign, Action::Fork, 0, FORKS);
            assert_childless(scene, Sign, before + FORKS);
        })
        .refusing(0),
        Kind::new(Group::Ends, "a fork in C_Initialize", |scene| {
            let before = scene.site.faults().returns(Initialize);
            scene.strike_start(Initialize, Action::Fork, 0, Times::N(1));
            scene.gone();
            assert_childless(scene, Initialize, before + 1);
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

/// One signature, under load.
fn signing(name: &'static str, action: Action, parameter: u64) -> Kind {
    Kind::new(Group::Ends, name, move |scene| scene.strike(Function::Sign, action, parameter, 1))
}

/// Once, under load, until the host that hangs is found out and replaced.
fn stalling(name: &'static str, function: Function, action: Action, parameter: u64) -> Kind {
    Kind::new(Group::Ends, name, move |scene| {
        let hosts = scene.agent().hosts();
        scene.strike(function, action, parameter, 1);
        scene.until_replaced(&hosts);
    })
}

/// Once, by the token manager, when a login is lost and no lane is at the token: lanes find nothing out then.
fn away(name: &'static str, function: Function) -> Kind {
    Kind::new(Group::Ends, name, move |scene| {
        let hosts = scene.agent().hosts();
        scene.strike_lost_login(function, Action::Hang);
        scene.until_replaced(&hosts);
        scene.gone();
    })
}

/// All that was to fork came back from it, and had no child.
fn assert_childless(scene: &Scene<'_>, function: Function, returns: u64) {
    let faults = scene.site.faults();
    until_true("the forks are over", || faults.returns(function) >= returns);
    assert_eq!(faults.children(), 0, "the module got a child");
}
