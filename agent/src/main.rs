//! `kunci-agent`: the supervisor, and the roles that it starts itself in.
//!
//! A role takes its control socket on descriptor 0 from the supervisor, and ends with it: a front at once, by its death
//! signal; a host by the end of the socket, since it may be amid a call that writes to its token.

use std::fmt::Display;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::ExitCode;

use agent::keys::recorded;
use agent::records::messages;
use agent::supervisor::asked::{self, NotReloaded};
use agent::supervisor::{self, Failure, Options};
use clap::Parser;
use hsm_config::{Arguments, Role};
use nix::sys::signal::{SigSet, Signal as NixSignal};
use nix::sys::socket::{getsockopt, sockopt};
use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};

/// The exit code where the configuration or the command line is at fault.
const EXIT_CONFIGURATION: u8 = 2;
/// The exit code of every other failure.
const EXIT_FAILURE: u8 = 3;

fn main() -> ExitCode {
    let Arguments { config, private, role } = Arguments::parse();
    messages::begin();
    match role {
        None => supervise(Options { config, private }),
        Some(Role::Reload) => reload(&config),
        Some(Role::Compare) => compare(&config),
        Some(Role::Front) => play(c"kunci-front", |control| {
            die_with_the_supervisor();
            raise_descriptors();
            agent::front::run(control)
                .map_err(|error| (u8::try_from(error.exit_code()).unwrap_or(EXIT_FAILURE), error))
        }),
        Some(Role::Host { name: _ }) => {
            play(c"kunci-host", |control| token::host::run(control).map_err(|error| (EXIT_FAILURE, error)))
        }
    }
}

fn supervise(options: Options) -> ExitCode {
    match supervisor::run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problems @ Failure::Configuration(_)) => fail(EXIT_CONFIGURATION, problems),
        Err(failure) => fail(EXIT_FAILURE, format!("kunci-agent: {failure}")),
    }
}

/// For systemd's ExecReload=. Where the new configuration is broken, nobody need be asked: it would be refused. Whether it is
/// to be trusted, the agent says, which may be another user than we are.
fn reload(config: &Path) -> ExitCode {
    let agent = match hsm_config::Config::find_agent(config) {
        Ok(agent) => agent,
        Err(problems) => return fail(EXIT_CONFIGURATION, problems),
    };
    match asked::ask(&agent.reload_socket()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(refused @ NotReloaded::Refused(_)) => fail(EXIT_CONFIGURATION, format!("kunci-agent: {refused}")),
        Err(error) => fail(EXIT_FAILURE, format!("kunci-agent: {error}")),
    }
}

fn compare(config: &Path) -> ExitCode {
    let config = match hsm_config::Config::load(config) {
        Ok(config) => config,
        Err(problems) => return fail(EXIT_CONFIGURATION, problems),
    };
    match recorded::compare(&config) {
        Ok(Some(recorded)) => {
            println!("{}", serde_json::to_string(&recorded).unwrap_or_default());
            ExitCode::SUCCESS
        }
        Ok(None) => fail(EXIT_FAILURE, "there is no log yet; it begins when the agent first starts"),
        Err(error) => fail(EXIT_FAILURE, format!("the log cannot be read ({error})")),
    }
}

fn play<E: Display>(name: &std::ffi::CStr, role: impl FnOnce(OwnedFd) -> Result<(), (u8, E)>) -> ExitCode {
    // The name is for people; without it the process is called "exe".
    let _ = rustix::thread::set_name(name);
    heed_no_signals();
    match control() {
        Ok(Some(control)) => match role(control) {
            Ok(()) => ExitCode::SUCCESS,
            Err((code, error)) => fail(code, format!("kunci-agent: {error}")),
        },
        Ok(None) => fail(
            EXIT_CONFIGURATION,
            "kunci-agent: this role is started by the supervisor only; run kunci-agent",
        ),
        Err(error) => fail(EXIT_FAILURE, format!("kunci-agent: {error}")),
    }
}

/// The control socket, if our parent made it and lives.
fn control() -> io::Result<Option<OwnedFd>> {
    let control = io::stdin().as_fd().try_clone_to_owned()?;
    // Who made the pair is its peer; a parent that is dead already is not our parent any more.
    // Where one does not see the other, both are 0, and nobody's.
    let made_by = getsockopt(&control, sockopt::PeerCredentials).map_or(0, |peer| peer.pid());
    let parent = rustix::process::getppid().map_or(0, |parent| parent.as_raw_nonzero().get());
    Ok((parent != 0 && made_by == parent).then_some(control))
}

/// Leaves signals that end a process to the supervisor, whose word ends us in order: a service manager or a terminal sends
/// them to all of us at once.
fn heed_no_signals() {
    let signals = SigSet::from_iter([NixSignal::SIGTERM, NixSignal::SIGINT, NixSignal::SIGHUP]);
    if let Err(error) = signals.thread_block() {
        tracing::warn!(%error, "signals cannot be blocked");
    }
}

/// The kernel kills us with our parent. One that died before shows by the end of the control socket.
fn die_with_the_supervisor() {
    if let Err(error) = rustix::process::set_parent_process_death_signal(Some(Signal::KILL)) {
        tracing::warn!(%error, "the supervisor's death will be seen by its socket only");
    }
}

/// As many descriptors as are allowed: each caller takes one. Modules, in hosts, may not bear more than 1024.
fn raise_descriptors() {
    let allowed = getrlimit(Resource::Nofile).maximum;
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: allowed, maximum: allowed }) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

fn fail(code: u8, what: impl Display) -> ExitCode {
    eprintln!("{what}");
    code.into()
}
