use clap::{CommandFactory, Parser};

use super::*;

fn parse(line: &str) -> Result<Cli, clap::error::ErrorKind> {
    Cli::try_parse_from(line.split(' ')).map_err(|error| error.kind())
}

fn refused(line: &str) -> bool {
    parse(line).is_err()
}

#[test]
fn the_command_line_is_well_formed() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_of_the_design_is_there() {
    for line in [
        "kunci config check",
        "kunci config example",
        "kunci config schema",
        "kunci token list",
        "kunci token init frankfurt",
        "kunci token check frankfurt",
        "kunci token unlock frankfurt",
        "kunci token unlatch frankfurt",
        "kunci provision de uk",
        "kunci provision --all --csr",
        "kunci provision --all --csr --output .",
        "kunci provision --all --days 30",
        "kunci provision --adopt de --spki-sha256 ab",
        "kunci provision de --adopt --spki-sha256 ab",
        "kunci cert de",
        "kunci cert de --format entra",
        "kunci cert install de answer.pem",
        "kunci cert install de answer.pem --json --admin-socket s",
        "kunci --json --config c cert install de -",
        "kunci assertion de --tenant t --client-id i",
        "kunci assertion de --tenant t --client-id i --output f --refresh",
        "kunci proof de --object-id o --reason r",
        "kunci status --json",
        "kunci freeze de --reason r",
        "kunci thaw de --reason r",
        "kunci reload",
        "kunci whoami",
        "kunci log verify",
        "kunci log search --kind intent --since 2026-01-01T00:00:00Z",
        "kunci log search --since today --until 2h --uid root --limit 20",
        "kunci log verify --size 3 --root oJ0SMU5tqh+HVMBDYrAY8hsrBG1YW+HVvNzqT1cjGDE=",
        "kunci freeze --all --reason r",
        "kunci log show 0",
        "kunci completions bash",
        "kunci man",
        "kunci man d",
    ] {
        assert!(!refused(line), "{line}");
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    for line in [
        "kunci provision de --all",
        "kunci provision --all --adopt --spki-sha256 ab",
        "kunci provision de --adopt",
        "kunci provision de --spki-sha256 ab",
        "kunci provision de --csr --days 30",
        "kunci provision de --days 0",
        "kunci provision de --days 1826",
        "kunci provision de --output .",
        "kunci cert",
        "kunci cert de --format pkcs12",
        "kunci assertion de --tenant t",
        "kunci assertion de --tenant t --client-id i --refresh",
        "kunci freeze de",
        "kunci proof de --object-id o",
        "kunci log search --kind release",
        "kunci log search --since noon",
        "kunci log search --uid no-such-user",
        "kunci log search --limit 0",
        "kunci log verify --size 3",
        "kunci log verify --root aa",
        "kunci freeze --all",
        "kunci freeze de --all --reason r",
        "kunci thaw --all --reason r",
    ] {
        assert!(refused(line), "{line}");
    }
}

#[test]
fn a_pin_is_never_an_argument() {
    assert!(refused("kunci token unlock frankfurt 123456"));
    assert!(refused("kunci token unlock frankfurt --pin 123456"));
}

#[test]
fn where_things_are_may_be_said_before_or_after_the_command() {
    assert!(!refused("kunci --config a.toml status --json"));
    assert!(!refused("kunci status --config a.toml --admin-socket s"));
}

/// Every command, the hidden ones aside.
fn all(command: &clap::Command) -> Vec<clap::Command> {
    let shown = command.get_subcommands().filter(|one| !one.is_hide_set());
    std::iter::once(command.clone()).chain(shown.flat_map(all)).collect()
}

/// Examples are shown as they stand, also in the manual, which is set in.
const MOST_OF_AN_EXAMPLE: usize = 75;

#[test]
fn every_help_fits_on_a_terminal() {
    let mut root = Cli::command();
    root.build();
    let commands = all(&root);
    assert!(commands.len() > 30, "{}", commands.len());
    for mut command in commands {
        let name = command.get_name().to_owned();
        crate::print::tests::fits(command.render_long_help().to_string());
        let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let examples = after.lines().filter(|line| line.starts_with("  "));
        for example in examples {
            assert!(example.chars().count() <= MOST_OF_AN_EXAMPLE, "{name}: {example}");
        }
    }
}
