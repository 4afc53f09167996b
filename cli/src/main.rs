//! `kunci`: the vendor's, operator's and auditor's commands.
//!
//! A thin client of the agent, plus the offline auditor. It holds no key, opens no token and decides nothing that the
//! agent decides; where no agent runs, the commands of a bench start a private one, so that there is one code path for
//! everything, and those that ask about the running one say that there is none.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod args;
mod assertion;
mod atomic;
mod attest;
mod bounded;
mod cert;
mod client;
mod complete;
mod config;
mod evidence;
mod failure;
#[cfg(test)]
mod foreign;
mod freeze;
mod log;
mod manual;
mod paths;
mod print;
mod private;
mod proof;
mod provision;
mod session;
mod status;
mod token;
mod touch;
mod unlock;
mod wait_ready;
mod whoami;
mod witness;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Cli, Command, Offline, Online};
use failure::{Exit, Failure};
use paths::Paths;
use print::Printer;
use session::Session;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misused(&error),
    };
    let print = Printer::new(cli.json);
    let done = run(&cli, &print).and_then(|exit| print.finish().map(|()| exit).map_err(Failure::from));
    let exit = done.unwrap_or_else(|failure| {
        print.failure(&failure);
        failure.exit
    });
    exit.into()
}

/// A command line that cannot be read says itself whether it wants JSON. Help and the version are no problems.
fn misused(error: &clap::Error) -> ExitCode {
    let wants_json = std::env::args_os().skip(1).take_while(|word| word != "--").any(|word| word == "--json");
    if !wants_json || !error.use_stderr() {
        error.exit();
    }
    let failure = Failure::misused(&error.to_string());
    Printer::new(true).failure(&failure);
    failure.exit.into()
}

fn run(cli: &Cli, print: &Printer) -> Result<Exit, Failure> {
    match &cli.command {
        Command::Offline(command) => alone(command, &cli.paths, print),
        Command::Online(command) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(ask(command, &Session::new(&cli.paths, print)))
        }
    }
}

fn alone(command: &Offline, paths: &Paths, print: &Printer) -> Result<Exit, Failure> {
    match command {
        Offline::Attest(command) => attest::run(command, print),
        Offline::Config(command) => config::run(command, paths, print),
        Offline::Log(command) => log::run(command, paths, print),
        Offline::Witness(command) => witness::run(command, print),
        Offline::Completions { shell } => complete::script(*shell, &Cli::command(), print),
        Offline::Complete(arguments) => complete::run(arguments, &Cli::command(), print),
        Offline::Man(arguments) => manual::run(arguments, Cli::command(), print),
    }
}

async fn ask(command: &Online, session: &Session<'_>) -> Result<Exit, Failure> {
    match command {
        Online::Token(command) => token::run(command, session).await,
        Online::Provision(arguments) => provision::run(arguments, session).await,
        Online::Cert(arguments) => cert::run(arguments, session).await,
        Online::Assertion(arguments) => assertion::run(arguments, session).await,
        Online::Proof(arguments) => proof::run(arguments, session).await,
        Online::Evidence(arguments) => evidence::run(arguments, session).await,
        Online::Status(arguments) => status::run(arguments, session).await,
        Online::Freeze(arguments) => freeze::freeze(arguments, session).await,
        Online::Thaw(arguments) => freeze::thaw(arguments, session).await,
        Online::Whoami => whoami::run(session).await,
        Online::Reload => freeze::reload(session).await,
    }
}
