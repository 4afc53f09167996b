//! `kunci complete`: what may stand where somebody presses the tab key. The scripts of `kunci completions` ask it.
//!
//! clap's engine reads the line; connectors and tokens are the configuration's, without an agent. Whatever goes wrong offers
//! nothing and says nothing: a person is typing. Nothing is offered that a shell would change, and files' names, which may
//! be anybody's, are left to the shell, which knows how to quote them.

use std::ffi::{OsStr, OsString};

use clap::{Arg, Args, Command, FromArgMatches, ValueHint};
use clap_complete::Shell;
use clap_complete::engine::{self, ArgValueCandidates, ArgValueCompleter, CompletionCandidate};
use hsm_config::Config;

use crate::failure::{Exit, Failure};
use crate::paths::Paths;
use crate::print::Printer;

/// The first line where the shell is to offer files, and where words follow, each with what it is behind a tab.
const FILES: &str = "files";
const WORDS: &str = "words";
/// The candidate where a file is to be named; no word that is offered has it.
const A_FILE: char = '\u{1}';

/// The line so far, as the shell took it apart.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Which of the words is typed
    at: usize,
    /// All of them, the program's name first
    #[arg(last = true, required = true)]
    words: Vec<OsString>,
}

pub(crate) fn run(arguments: &Arguments, of: &Command, print: &Printer) -> Result<Exit, Failure> {
    print.text(&arguments.answer(of))?;
    Ok(Exit::Yes)
}

/// The script by which a shell asks us. Those of shells that nobody here has tried know commands and options only.
pub(crate) fn script(shell: Shell, of: &Command, print: &Printer) -> Result<Exit, Failure> {
    let script = match shell {
        Shell::Bash => include_str!("complete/kunci.bash").into(),
        Shell::Zsh => include_str!("complete/kunci.zsh").into(),
        Shell::Fish => include_str!("complete/kunci.fish").into(),
        other => {
            let mut script = Vec::new();
            clap_complete::generate(other, &mut of.clone(), "kunci", &mut script);
            script
        }
    };
    print.bytes(&script)?;
    Ok(Exit::Yes)
}

impl Arguments {
    fn answer(&self, of: &Command) -> String {
        let mut command = knowing(of.clone(), &Names::of(&self.words, of));
        let found = engine::complete(&mut command, self.words.clone(), self.at, None).unwrap_or_default();
        if found.iter().any(|one| one.get_value().to_string_lossy().ends_with(A_FILE)) {
            return format!("{FILES}\n");
        }
        let is_begun = self.words.get(self.at).is_some_and(|word| !word.is_empty());
        // Options are for those who begin one, unless there is nothing else.
        let is_option = |one: &CompletionCandidate| one.get_value().to_string_lossy().starts_with('-');
        let all_are = found.iter().all(is_option);
        let wanted = found.iter().filter(|one| is_begun || all_are || !is_option(one));
        std::iter::once(format!("{WORDS}\n")).chain(wanted.filter_map(line)).collect()
    }
}

/// A candidate and what it is, where no shell makes anything else of it.
fn line(of: &CompletionCandidate) -> Option<String> {
    let value = of.get_value().to_str()?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.=+/".contains(c);
    let help = of.get_help().map(ToString::to_string).unwrap_or_default();
    let help = quoted::one_line(help.lines().next().unwrap_or_default()).into_owned();
    value.chars().all(is_plain).then(|| format!("{value}\t{help}\n"))
}

/// What the configuration names: each with what it is.
#[derive(Default)]
struct Names {
    connectors: Vec<(String, String)>,
    tokens: Vec<(String, String)>,
}

impl Names {
    /// Of the configuration that the line itself names, or the usual one; of one that is broken, none.
    fn of(words: &[OsString], line: &Command) -> Self {
        let matches = line.clone().ignore_errors(true).try_get_matches_from(words).ok();
        let paths = matches.and_then(|matches| Paths::from_arg_matches(&matches).ok()).unwrap_or_default();
        paths.config().map(|config| Self::from(&config)).unwrap_or_default()
    }
}

impl From<&Config> for Names {
    fn from(config: &Config) -> Self {
        let connectors = config.connectors.iter().map(|(name, of)| (name.to_string(), of.region.clone()));
        let tokens = config.tokens.keys().map(|name| (name.to_string(), "a token".to_owned()));
        Self { connectors: connectors.collect(), tokens: tokens.collect() }
    }
}

/// The command whose arguments know what they may be.
fn knowing(command: Command, names: &Names) -> Command {
    let argument = |arg: Arg| match arg.get_id().as_str() {
        "connector" | "connectors" => arg.add(these(&names.connectors)),
        "token" => arg.add(these(&names.tokens)),
        _ if is_path(&arg) => arg.add(ArgValueCompleter::new(a_file)),
        _ => arg,
    };
    command.mut_args(argument).mut_subcommands(|one| knowing(one, names))
}

fn these(candidates: &[(String, String)]) -> ArgValueCandidates {
    let candidates = candidates.to_vec();
    let one = |(name, help): &(String, String)| CompletionCandidate::new(name).help(Some(help.into()));
    ArgValueCandidates::new(move || candidates.iter().map(one).collect())
}

fn a_file(_: &OsStr) -> Vec<CompletionCandidate> {
    vec![CompletionCandidate::new(A_FILE.to_string())]
}

fn is_path(arg: &Arg) -> bool {
    matches!(arg.get_value_hint(), ValueHint::AnyPath | ValueHint::FilePath | ValueHint::DirPath)
}
