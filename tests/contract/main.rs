//! `kunci-contract`: what every backend must do, done to each of them on a real token through a real host process.
//!
//! Prints the table of cases by backends, and exits with 1 where a case fails. What a backend does not offer, it says
//! itself, and must fail as it says. `destroy` is the suite's own child process.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod backend;
mod backends;
mod bench;
mod cases;
mod connector;
mod destroy;
mod device;
mod docs;
mod host;
mod life;
mod messages;
mod openssl;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::life::{Life, Outcome};

/// Runs the contract suite over all backends, or those that are named.
#[derive(Parser)]
#[command(name = "kunci-contract")]
struct Contract {
    #[command(subcommand)]
    child: Option<Child>,
    /// Only these backends.
    #[arg(long = "backend", value_name = "NAME")]
    backends: Vec<String>,
    /// Where the rows are written, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// A page whose table must say what is seen.
    #[arg(long, value_name = "FILE")]
    docs: Option<PathBuf>,
    /// Writes that table instead.
    #[arg(long, requires = "docs", conflicts_with = "backends")]
    update: bool,
}

#[derive(Subcommand)]
enum Child {
    /// Destroys the key that standard input names.
    #[command(hide = true)]
    Destroy,
}

fn main() -> ExitCode {
    // A failed case is a row, not a reason to stop: one line says where.
    std::panic::set_hook(Box::new(|panic| eprintln!("kunci-contract: {panic}")));
    let contract = Contract::parse();
    match contract.child {
        Some(Child::Destroy) => {
            let order: destroy::Destroy = serde_json::from_reader(std::io::stdin()).unwrap();
            order.run();
            ExitCode::SUCCESS
        }
        None => contract.run(),
    }
}

impl Contract {
    fn run(&self) -> ExitCode {
        let wanted =
            |name: &str| self.backends.is_empty() || self.backends.iter().any(|wanted| wanted == name);
        let entries: Vec<_> = backends::ALL.iter().filter(|entry| wanted(entry.name)).collect();
        if entries.len() < self.backends.len() || entries.is_empty() {
            eprintln!("kunci-contract: no such backend");
            return ExitCode::from(2);
        }
        let rows: Vec<_> = entries.iter().flat_map(|entry| Life::of(entry)).collect();
        let table = table::markdown(&entries, &rows);
        print!("{table}");
        self.json.iter().for_each(|path| table::write(path, &rows));
        let told = self.tell(&table, &rows);
        let holds = rows.iter().all(|row| row.result != Outcome::Fail);
        if holds && told { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    /// Whether the page says what was seen, or does now.
    fn tell(&self, table: &str, rows: &[life::Row]) -> bool {
        let Some(page) = &self.docs else { return true };
        if self.update {
            docs::update(page, table);
            return true;
        }
        let differences = docs::differences(page, rows);
        differences.iter().for_each(|difference| eprintln!("kunci-contract: {difference}"));
        differences.is_empty()
    }
}
