//! The command line. Each noun's own arguments are in the noun's file.

use clap::{Parser, Subcommand};

use crate::paths::Paths;
use crate::{
    assertion, attest, cert, complete, config, evidence, freeze, log, manual, proof, provision, status,
    token, witness,
};

const EXAMPLES: &str = "\
Exit codes:
  0  yes
  1  no, or what was found is bad
  2  usage, configuration or unreadable files
  3  agent or token unavailable
  4  refused by policy

Examples:
  kunci config check                     is anything wrong with it?
  kunci provision --all                  a key for every connector
  kunci cert de --format entra           what a customer registers
  kunci assertion de --tenant T --client-id I
                                         what a service signs in with
  kunci freeze de --reason \"ticket 4711\" stop it, now
  kunci log verify                       was the log changed?
  kunci attest verify leaf.pem f9.pem    was the key born in hardware?";

/// Kunci: keys that never leave their token, and signed assertions by them.
#[derive(Debug, Parser)]
#[command(
    name = "kunci",
    version,
    after_help = EXAMPLES,
    disable_help_subcommand = true,
    max_term_width = crate::print::WIDTH
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) paths: Paths,
    /// Print the agent's answers unchanged (lists as JSON Lines), and problems as problem+json on standard error
    #[arg(long, global = true, help_heading = "Output")]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Online(Online),
    #[command(flatten)]
    Offline(Offline),
}

/// What an agent does.
#[derive(Debug, Subcommand)]
pub(crate) enum Online {
    /// List, initialise, check and unlock tokens
    #[command(subcommand)]
    Token(token::Command),
    /// Make connectors' keys and certificates; running it again changes nothing
    Provision(provision::Arguments),
    /// Show a connector's certificate, or install one that a CA issued
    Cert(cert::Arguments),
    /// Get a signed client assertion
    Assertion(assertion::Arguments),
    /// Get a proof of possession for a Graph key roll
    Proof(proof::Arguments),
    /// Put together the evidence of where a connector's keys were born, for an auditor
    Evidence(evidence::Arguments),
    /// Show whether everything serves, on one page
    #[command(
        after_help = "Exits with 1 when anything that is configured is blocked, frozen ones included, or fails: then no sign-in can \
                      succeed with it. Exits with 3 when no agent runs."
    )]
    Status(status::Arguments),
    /// Show who the agent takes you for, and what you may get
    #[command(
        after_help = "Exits with 1 where no rule grants you anything. Run it as the service would ask: as its user, or in its unit."
    )]
    Whoami,
    /// Stop all signatures of a connector, at once
    #[command(
        after_help = "Examples:\n  kunci freeze de --reason \"ticket 4711: token missing from the rack\"\n  kunci freeze --all --reason \"ticket 4712: not our host any more\""
    )]
    Freeze(freeze::Freeze),
    /// Let a frozen connector sign again
    #[command(after_help = "Example:\n  kunci thaw de --reason \"ticket 4711: token found\"")]
    Thaw(freeze::Thaw),
    /// Let the running agent read the configuration and the tenants files again
    Reload,
}

/// What needs no agent.
#[derive(Debug, Subcommand)]
pub(crate) enum Offline {
    /// Judge evidence of where a key was born
    #[command(subcommand)]
    Attest(attest::Command),
    /// Check the configuration, or show an example or the schema
    #[command(subcommand)]
    Config(config::Command),
    /// Verify and search the log
    #[command(subcommand)]
    Log(log::Command),
    /// Be a witness of logs: sign that they only grow
    #[command(subcommand)]
    Witness(witness::Command),
    /// Print completions for a shell
    #[command(
        after_help = "Those of bash, zsh and fish know the connectors and tokens of the configuration.\n\nExamples:\n  source <(kunci completions bash)\n  \
                      kunci completions bash > /etc/bash_completion.d/kunci\n  kunci completions zsh > /usr/local/share/zsh/site-functions/_kunci\n  \
                      kunci completions fish > ~/.config/fish/completions/kunci.fish"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Say what may follow on a command line, for the scripts of `kunci completions`
    #[command(hide = true)]
    Complete(complete::Arguments),
    /// Write the manual pages
    Man(manual::Arguments),
}

#[cfg(test)]
mod tests;
