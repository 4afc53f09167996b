//! `kunci-faults`: every kind of fault, many times, against the installed binaries under load; the table, and
//! `faults.json` in cargo's target folder.
//!
//! A kind that breaks a bound is reported and the others go on; the program then exits with 1. `make faults` calls it.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod jobs;
mod progress;
mod work;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use tests::faults::{Row, handed, run, table};

/// Makes the agent's token, module, devices, disk, clock and processes fail in every known way, and judges what came of it.
#[derive(Parser)]
#[command(name = "kunci-faults")]
struct Options {
    /// How often each kind of fault is made to happen.
    #[arg(long, default_value_t = run::RUNS)]
    runs: usize,
    /// How many kinds at a time, each with an agent and callers of its own.
    #[arg(long, default_value_t = 4)]
    jobs: usize,
    /// Only kinds whose name holds this; may be said more than once.
    #[arg(long = "kind", value_name = "PART")]
    kinds: Vec<String>,
    /// How often a connection is handed to another process, and a process id used again.
    #[arg(long, default_value_t = handed::TRIES)]
    handed: usize,
    /// Where the rows are written, after each kind; what each run showed is written beside it, as a log.
    #[arg(long, value_name = "FILE", default_value = "target/faults.json")]
    out: PathBuf,
    /// A page whose table is to tell what is seen.
    #[arg(long, value_name = "PAGE")]
    docs: Option<PathBuf>,
    /// Makes nothing fail, and takes the rows of an earlier run.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["kinds", "out"])]
    from: Option<PathBuf>,
    /// Only the process ids, so often: this program's own child, in a namespace of its own.
    #[arg(long, hide = true)]
    reused: Option<usize>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(tries) = options.reused {
        println!("{}", serde_json::to_string(&handed::reused(tries)).unwrap());
        return ExitCode::SUCCESS;
    }
    let rows = match &options.from {
        Some(file) => serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap(),
        None => jobs::run(&options),
    };
    print!("{}", table::markdown(&rows));
    if let Some(page) = &options.docs {
        tell(page, &rows);
    }
    let broken: Vec<&Row> = rows.iter().filter(|row| !row.holds()).collect();
    broken.iter().for_each(|row| eprintln!("kunci-faults: out of bounds: {row:?}"));
    if broken.is_empty() && !rows.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(page: &Path, rows: &[Row]) {
    let text = fs::read_to_string(page).unwrap();
    fs::write(page, table::told(&text, rows)).unwrap();
}
