//! `kunci-faults`: every kind of fault, many times, against the installed binaries under load; the table, and
//! `faults.json` in cargo's target folder.
//!
//! It exits with 1 if a row breaks a bound. `make faults` calls it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use clap::Parser;
use tests::faults::{Kind, Row, Sites, handed, kinds, table};

/// Makes the agent's token, module, disk, clock and processes fail in every known way, and judges what came of it.
#[derive(Parser)]
#[command(name = "kunci-faults")]
struct Options {
    /// How often each kind of fault is made to happen.
    #[arg(long, default_value_t = 25)]
    runs: usize,
    /// How many kinds at a time, each with an agent and callers of its own.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Only kinds whose name holds this.
    #[arg(long, default_value = "")]
    kind: String,
    /// How often a connection is handed to another process, and a process id used again.
    #[arg(long, default_value_t = 10_000)]
    handed: usize,
    /// Where the rows are written.
    #[arg(long, default_value = "target/faults.json")]
    out: PathBuf,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let mut rows = run(&options);
    rows.extend(handed::rows(options.handed).into_iter().filter(|row| row.kind.contains(&options.kind)));
    print!("{}", table::markdown(&rows));
    write(&options, &rows);
    let broken: Vec<&Row> = rows.iter().filter(|row| !row.holds()).collect();
    broken.iter().for_each(|row| eprintln!("out of bounds: {}", row.kind));
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A row for each kind, in their order. What is there is written after each: it takes an hour.
fn run(options: &Options) -> Vec<Row> {
    let kinds = kinds::all().into_iter().filter(|kind| kind.name.contains(&options.kind));
    let kinds: Vec<Kind> = kinds.collect();
    let (next, rows) = (Mutex::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        let mut sites = Sites::default();
        while let Some((at, kind)) = take(&next, &kinds) {
            let row = Row::of(kind, &mut sites, options.runs);
            eprint!("{}", table::line(&row));
            let mut rows = rows.lock().unwrap();
            rows.insert(at, row);
            write(options, &rows.values().cloned().collect::<Vec<_>>());
        }
    };
    thread::scope(|scope| (0..options.jobs).for_each(|_| drop(scope.spawn(work))));
    rows.into_inner().unwrap().into_values().collect()
}

fn take<'a>(next: &Mutex<usize>, kinds: &'a [Kind]) -> Option<(usize, &'a Kind)> {
    let mut next = next.lock().unwrap();
    let at = *next;
    *next += 1;
    kinds.get(at).map(|kind| (at, kind))
}

fn write(options: &Options, rows: &[Row]) {
    fs::write(&options.out, serde_json::to_string_pretty(rows).unwrap() + "\n").unwrap();
}
