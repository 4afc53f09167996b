//! One run: an agent, callers, what is struck, and the moment when the cause is gone.

use std::cell::Cell;
use std::time::{Duration, Instant};

use fault_module::{Action, Function};
use rustix::process::Signal;

use super::callers::Callers;
use super::device::Device;
use super::module::Times;
use super::site::Site;
use crate::Agent;
use crate::agent::{assertions, body, kill};
use crate::http::Connection;
use crate::rig::{CLIENT, TENANT};
use crate::wait::{until, until_true};

/// How many callers must be refused until a lasting fault counts as felt.
const FELT: usize = 8;

/// One run.
pub struct Scene<'a> {
    pub site: &'a Site,
    pub callers: &'a Callers,
    agent: Option<Agent>,
    gone: Cell<Option<Instant>>,
    /// How often C_Login was called before.
    logins: u64,
    others: Cell<u64>,
}

impl<'a> Scene<'a> {
    pub fn new(site: &'a Site, agent: Agent, callers: &'a Callers) -> Self {
        let logins = match &site.device {
            Device::Soft(faults, _) => faults.calls(Function::Login),
            // Who counts its logins has the fault module.
            _ => 0,
        };
        Self { site, callers, agent: Some(agent), gone: Cell::new(None), logins, others: Cell::default() }
    }

    pub fn agent(&self) -> &Agent {
        self.agent.as_ref().unwrap()
    }

    /// Waits until the agent has ended by itself.
    pub fn until_ended(&mut self) {
        let agent = self.agent.as_mut().unwrap();
        until_true("the agent ends", || agent.ended().is_some());
    }

    /// Ends the agent as nothing can prevent, and starts another.
    pub fn replace_agent(&mut self) {
        self.replace_agent_after(|_| ());
    }

    /// The same, with something done while there is none.
    pub fn replace_agent_after(&mut self, meanwhile: impl FnOnce(&Site)) {
        drop(self.agent.take());
        meanwhile(self.site);
        let agent = self.site.spawn();
        self.agent = Some(agent);
    }

    /// How often C_Login was called in this run, since the agent was ready.
    pub fn logins(&self) -> u64 {
        self.site.faults().calls(Function::Login) - self.logins
    }

    /// Ends the run's agent in order.
    pub fn stop(mut self) -> bool {
        self.agent.take().unwrap().stop().success()
    }

    /// Strikes some calls of a function, and waits until all of them were.
    pub fn strike(&self, function: Function, action: Action, parameter: u64, times: u64) {
        let before = self.site.faults().blows(function);
        self.site.faults().strike(function, action, parameter, Times::N(times));
        self.site.faults().until_felt(function, before, times);
        self.gone();
    }

    /// Strikes one call of a function, whose request is refused.
    pub fn strike_refused(&self, function: Function, action: Action, parameter: u64) {
        let before = self.callers.refused();
        self.strike(function, action, parameter, 1);
        until_true("its request is refused", || self.callers.refused() > before);
    }

    /// Strikes one C_Sign that makes its signature all the same.
    pub fn strike_signed(&self, action: Action, parameter: u64) {
        let before = self.site.faults().signed();
        self.strike(Function::Sign, action, parameter, 1);
        until_true("it signed", || self.site.faults().signed() > before);
    }

    /// Waits until another host is there than these were, for one was found out that hangs.
    pub fn until_replaced(&self, hosts: &[u32]) {
        until_true("the host is replaced", || {
            let now = self.agent().hosts();
            !now.is_empty() && now.iter().all(|host| !hosts.contains(host))
        });
    }

    /// Strikes a function that the token manager calls once a login is lost.
    pub fn strike_lost_login(&self, function: Function, action: Action) {
        let before = self.site.faults().blows(function);
        self.site.faults().strike(function, action, 0, Times::N(1));
        self.site.faults().strike(Function::SignInit, Action::LogOut, 0, Times::N(1));
        self.site.faults().until_felt(function, before, 1);
    }

    /// Strikes every call of a function until callers felt it.
    pub fn strike_all(&self, function: Function, action: Action, parameter: u64) {
        let before = self.site.faults().blows(function);
        self.site.faults().strike(function, action, parameter, Times::Always);
        self.site.faults().until_felt(function, before, 1);
        self.callers.until_refused(FELT);
        self.clear();
    }

    /// Strikes a function that is called only when a host starts, which it does when its predecessor is killed.
    pub fn strike_start(&self, function: Function, action: Action, parameter: u64, times: Times) {
        let before = self.site.faults().blows(function);
        self.site.faults().strike(function, action, parameter, times);
        self.kill_host();
        let times = if let Times::N(times) = times { times } else { 1 };
        self.site.faults().until_felt(function, before, times);
    }

    /// Strikes nothing any more: the cause is gone.
    pub fn clear(&self) {
        self.site.faults().clear();
        self.gone();
    }

    /// The cause of the fault is gone now.
    pub fn gone(&self) {
        self.gone.set(Some(Instant::now()));
    }

    /// Kills the host.
    pub fn kill_host(&self) {
        let host = until("there is a host", || self.agent().hosts().first().copied());
        kill(host, Signal::KILL);
    }

    /// Callers are refused for a while.
    pub fn until_refused(&self) {
        self.callers.until_refused(FELT);
    }

    /// Waits until a new request is answered with an assertion; how long after the cause was gone that was.
    pub fn recovery(&self) -> Duration {
        let gone = self.gone.get().expect("a kind of fault says when its cause is gone");
        until_true("it signs again", || {
            let ask = |mut connection: Connection| {
                connection.send("POST", &assertions("de"), body(TENANT, CLIENT).as_bytes())
            };
            Connection::open(self.agent().socket()).and_then(ask).is_ok_and(|reply| reply.status == 200)
        });
        gone.elapsed()
    }

    /// What an operator does about a latched token: a PIN file that is another, and the latch cleared.
    pub fn unlatch(&self, token: &str, pin: &str) {
        self.site.rig.private("pin", pin);
        self.agent().admin("POST", &format!("/v1/tokens/{token}/unlatch"), "").ok();
        self.gone();
    }

    /// So many PINs were refused in this run that others gave.
    pub fn others_were_refused(&self, pins: u64) {
        self.others.set(pins);
    }

    /// How many PINs were refused in this run that others gave.
    pub fn refused_to_others(&self) -> u64 {
        self.others.get()
    }
}
