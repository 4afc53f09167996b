//! A login under way in a host that has to go, since a lane of it failed.
//!
//! The token manager begins a login only when no lane is in the module, so the lane has failed by then, and its host has to
//! go as soon as the front hears of that. It is stopped until the login is held.

use fault_module::{Action, Function};
use rustix::process::Signal;

use super::module::{Faults, Times};
use crate::Agent;
use crate::agent::kill;
use crate::wait::until_true;

/// How long C_Sign waits before it fails, in milliseconds: until the login is lost on the other lane.
const LATE_MS: u32 = 1500;
/// CKR_GENERAL_ERROR, as a late code says it.
const GENERAL_ERROR: u32 = 5;
/// What the supervisor says of a host that has to go amid a login.
const TOLD: &str = "finishing=\"a login\"";

/// Holds such a login until the script is cleared; `ask` asks for a signature, where nobody asks all the time. On a busy
/// machine the lane may have failed before the front was stopped: then it is tried again.
pub fn hold_login(agent: &Agent, faults: &Faults, ask: &mut dyn FnMut()) {
    until_true("a login is held whose host has to go", || {
        let (hosts, told) = (agent.hosts(), agent.said(TOLD));
        let is_held = held_before_it_is_told(agent, faults, ask) && agent.hosts() == hosts;
        agent.front().into_iter().for_each(|front| kill(front, Signal::CONT));
        if is_held {
            until_true("the host is told to go", || agent.said(TOLD) > told);
        } else {
            faults.clear();
            agent.await_signature();
        }
        is_held
    });
}

fn held_before_it_is_told(agent: &Agent, faults: &Faults, ask: &mut dyn FnMut()) -> bool {
    let strike = |function, action, parameter| {
        let before = faults.blows(function);
        faults.strike(function, action, parameter, Times::N(1));
        before
    };
    let signed = strike(Function::Sign, Action::Late, Action::late(LATE_MS, GENERAL_ERROR));
    ask();
    faults.until_felt(Function::Sign, signed, 1);
    // A login that a crash took never comes to its end.
    let lost = faults.open(Function::Login);
    strike(Function::Login, Action::Hold, 0);
    let begun = strike(Function::SignInit, Action::LogOut, 0);
    ask();
    faults.until_felt(Function::SignInit, begun, 1);
    let Some(front) = agent.front() else { return false };
    kill(front, Signal::STOP);
    faults.until_held_beside(Function::Login, lost);
    true
}
