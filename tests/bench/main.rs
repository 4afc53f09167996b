//! `kunci-bench`: how much of a token's speed is left when the agent stands before it.
//!
//! One token is driven directly and through the installed agent, in turns, and the ratio of the two is what counts:
//! single figures drift with the machine. The two subcommands are the driver's child processes; the module reads
//! its environment when it loads, so each driver is a process of its own. Writes `load.json`, `once.json` and
//! `machine.json`.

mod agent;
mod algorithm;
mod cpu;
mod direct;
mod disk;
mod figures;
mod http;
mod latency;
mod load;
mod machine;
mod memory;
mod once;
mod problem;
mod processes;
mod record;
mod reference;
mod rounds;
mod site;
mod softtoken;
mod start;
mod table;

use crate::direct::Drive;
use crate::problem::Problem;
use crate::rounds::Plan;
use crate::softtoken::Make;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Fewer rounds than this say nothing on a machine that drifts by a quarter.
const MIN_ROUNDS: u32 = 5;

/// Drives one token directly and through the agent, in turns, and compares.
#[derive(Parser)]
#[command(name = "kunci-bench")]
struct Bench {
    #[command(subcommand)]
    child: Option<Child>,
    /// How many rounds; the medians are reported.
    #[arg(long, default_value_t = MIN_ROUNDS, value_parser = clap::value_parser!(u32).range(i64::from(MIN_ROUNDS)..))]
    rounds: u32,
    /// How long each measurement takes, in seconds.
    #[arg(long, default_value_t = 4.0, value_parser = softtoken::seconds)]
    seconds: f64,
    /// How many lanes the agent's token gets: as many as the direct driver has threads.
    #[arg(long, default_value_t = 2)]
    lanes: u8,
    /// Exits with 1 if a figure that the agent must reach is missed.
    #[arg(long)]
    check: bool,
    /// The PKCS#11 module of SoftHSM2.
    #[arg(long, env = "KUNCI_SOFTHSM2", default_value = "/usr/lib/softhsm/libsofthsm2.so")]
    module: PathBuf,
    /// Where kunci and kunci-agent are; beside this program by default.
    #[arg(long, env = "KUNCI_BIN_DIR")]
    bin_dir: Option<PathBuf>,
    /// Where figures and state are written, on the disk to measure; the build's `bench` folder by default.
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Child {
    /// Makes a token with one key for each algorithm, and prints its serial.
    #[command(hide = true)]
    Token(Make),
    /// Signs on the token directly, and prints the figures.
    #[command(hide = true)]
    Direct(Drive),
}

fn main() -> ExitCode {
    let bench = Bench::parse();
    let outcome = match &bench.child {
        Some(Child::Token(make)) => make.run().map(|()| true),
        Some(Child::Direct(drive)) => drive.run().map(|()| true),
        None => bench.run(),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("kunci-bench: {problem}");
            ExitCode::from(2)
        }
    }
}

impl Bench {
    fn run(&self) -> Result<bool, Problem> {
        let places = site::Places::find(self.out.as_deref(), self.bin_dir.as_deref())?;
        let site = site::Site::make(&places, &self.module, self.lanes)?;
        let machine = machine::Machine::look(&places.state)?;
        let agent = agent::Agent::start(&places, &site)?;
        let plan = Plan { rounds: self.rounds, time: Duration::from_secs_f64(self.seconds) };
        let records = plan.run(&site, &agent)?;
        agent.stop()?;
        let once = once::Once::measure(&places, &site)?;
        print!("{}\n{once}", table::markdown(&machine, &records));
        record::write(&places.out, &machine, &records, &once)?;
        let missed = figures::missed(&records, &once);
        missed.iter().for_each(|figure| eprintln!("missed: {figure}"));
        Ok(!self.check || missed.is_empty())
    }
}
