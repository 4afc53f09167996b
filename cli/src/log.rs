//! `kunci log`: the offline auditor. It reads the log's files and needs neither an agent nor a token.

mod asked;
mod customer;
mod export;
mod exposure;
mod logs;
pub(crate) mod page;
mod query;
pub(crate) mod reconcile;
mod root;
pub(crate) mod search;
mod stats;
mod stream;
mod unknown;
mod when;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use ledger::{Damage, Reader, Report};
use quoted::Quoted;

use crate::failure::{Exit, Failure};
use crate::paths::Paths;
use crate::print::Printer;

/// What to do with the log.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compute every hash anew and name all damage
    #[command(after_help = "\
Exits with 1 when something is damaged. That history was not rewritten as a whole is seen only against a root that was
kept elsewhere.

Example:
  kunci log verify --dir /mnt/copy/log
  kunci log verify --size 4711 --root oJ0SMU5tqh+HVMBDYrAY8hsrBG1YW+HVvNzqT1cjGDE=
                                              are the first 4711 entries those of which the root was written down?")]
    Verify(Verify),
    /// Find entries by what they say; all given must match
    #[command(after_help = "\
Exits with 1 when nothing matches or an entry is damaged. With --json, entries are the stored bytes, unchanged.

Examples:
  kunci log search --connector de --since today --kind intent
  kunci log search --uid iep --since 2h --limit 20
  kunci log search --jti 0197a1e2-7c1b-7d2a-9a52-3a5d1f4e8b11
  kunci --json log search --kind lifecycle --follow      an event for each freeze, as it comes")]
    Search(search::Arguments),
    /// Which tenants and client ids a key opened, how often, first and last, and by which caller
    #[command(after_help = "\
The list to call after an incident. A signature is on it unless a void names it; proofs, certificates and requests are
counted apart. Exits with 1 when a log is damaged, or has no such connector or key.

Examples:
  kunci log exposure de --since 2026-11-01 --until 2026-12-01
  kunci log exposure de --log /mnt/fra1/log --log /mnt/fra2/log --csv > to-call.csv
  kunci log exposure de --tenant contoso.example         a page to send to that customer")]
    Exposure(exposure::Arguments),
    /// Count signatures by day, connector and caller
    #[command(after_help = "\
Examples:
  kunci log stats --since 3d
  kunci log stats --connector de --csv > signatures.csv")]
    Stats(stats::Arguments),
    /// Write entries for other programs: DuckDB, a SIEM, a spreadsheet
    #[command(after_help = "\
Examples:
  kunci log export --format ndjson > log.ndjson
  kunci log export --format csv --since 2026-11-01 --kind intent > intents.csv
  kunci log export --format ndjson --follow --from 4711  what came since, and what comes")]
    Export(export::Arguments),
    /// Hold customers' sign-in logs against the log: who signed in that the agent did not let in?
    Reconcile(reconcile::Arguments),
    /// Print the stored bytes of one entry
    Show(Show),
}

/// Which log.
#[derive(Args, Debug)]
pub(crate) struct Place {
    /// The log's folder [default: the configuration's state_dir/log]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Which log, and what was written down of it.
#[derive(Args, Debug)]
pub(crate) struct Verify {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    kept: root::Kept,
}

/// Which entry.
#[derive(Args, Debug)]
pub(crate) struct Show {
    /// Its index
    index: u64,
    #[command(flatten)]
    place: Place,
}

pub(crate) fn run(command: &Command, paths: &Paths, print: &Printer) -> Result<Exit, Failure> {
    match command {
        Command::Verify(verify) => self::verify(&verify.place.open(paths)?, &verify.kept, print),
        Command::Search(arguments) => search::run(arguments, paths, print),
        Command::Exposure(arguments) => exposure::run(arguments, paths, print),
        Command::Stats(arguments) => stats::run(arguments, paths, print),
        Command::Export(arguments) => export::run(arguments, paths, print),
        Command::Reconcile(arguments) => reconcile::run(arguments, paths, print),
        Command::Show(show) => self::show(&show.place.open(paths)?, show.index, print),
    }
}

impl Place {
    fn open(&self, paths: &Paths) -> Result<Reader, Failure> {
        let dir = match &self.dir {
            Some(dir) => dir.clone(),
            None => paths.config()?.agent.state_dir.join("log"),
        };
        Reader::open(&dir).map_err(|error| unopened(&dir, &error))
    }
}

fn unopened(dir: &Path, error: &ledger::Error) -> Failure {
    let title = format!("There is no log to read at {}: {error}", Quoted::path(dir));
    let detail = "Name the log's folder with --dir; it may be readable by the agent's user only.";
    Failure::usage("log-unreadable", title, detail)
}

/// What is not as it was written, and in which log, where there are several.
fn damaged(log: Option<&str>, damage: &Damage) -> Failure {
    let log = log.map_or_else(String::new, |log| format!("{}: ", Quoted(log)));
    let index = damage.index.map_or_else(|| "?".to_owned(), |index| index.to_string());
    let title = format!("{log}entry {index} is damaged: {}", damage.what);
    Failure::finding("log-damaged", title, "`kunci log verify` names all damage; keep the folder as it is.")
}

fn verify(reader: &Reader, kept: &root::Kept, print: &Printer) -> Result<Exit, Failure> {
    let report = {
        let bar = print.bar("verifying");
        ledger::verify(reader, |done, all| bar.at(done, all)).map_err(unreadable)?
    };
    if print.json {
        print.json(&serde_json::to_vec(&report).unwrap_or_default())?;
    } else {
        print.lines(page::report(&report))?;
    }
    kept.check(reader, print)?;
    Ok(verdict(&report))
}

fn verdict(report: &Report) -> Exit {
    if report.damage.is_empty() && report.root.is_some() { Exit::Yes } else { Exit::Finding }
}

fn show(reader: &Reader, index: u64, print: &Printer) -> Result<Exit, Failure> {
    let none = || {
        Failure::finding("no-such-entry", format!("The log has no entry {index}"), "Ask for a smaller index.")
    };
    if reader.size().map_err(unreadable)? <= index {
        return Err(none());
    }
    let (_, bytes) = reader
        .raw(index)
        .next()
        .ok_or_else(none)?
        .map_err(|error| Failure::finding("log-damaged", error.to_string(), "Run `kunci log verify`."))?;
    print.json(&bytes)?;
    Ok(Exit::Yes)
}

fn unreadable(error: ledger::Error) -> Failure {
    Failure::usage(
        "log-unreadable",
        format!("The log cannot be read: {error}"),
        "Check the folder, its owner and its mode.",
    )
}
