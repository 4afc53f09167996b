//! `kunci log`: the offline auditor, which reads the log's files and needs neither an agent nor a token; and the one command of
//! the log's that does, by which its key is made.

mod asked;
mod consistency;
mod cosign;
mod customer;
mod export;
mod exposure;
pub(crate) mod init_key;
mod logs;
pub(crate) mod page;
mod query;
pub(crate) mod reconcile;
mod root;
pub(crate) mod search;
mod stats;
mod stream;
mod trust;
mod unknown;
mod unopened;
mod verify;
mod verify_receipt;
mod when;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ledger::{Damage, Reader};
use quoted::Quoted;

use crate::failure::{Exit, Failure};
use crate::paths::Paths;
use crate::print::Printer;
use crate::session::Session;

/// What to do with the log.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make the key that signs the log's checkpoints; running it again changes nothing
    #[command(after_help = "\
Prints the vkey, which auditors verify checkpoints by: hand it to them by a way
of your own, and once. The key is made on the token that [ledger] names, and
signs checkpoints only. Takes the verb provision.

Example:
  kunci log init-key > vkey")]
    InitKey(init_key::Arguments),
    /// Compute every hash anew and name all damage
    #[command(after_help = "\
Exits with 1 when something is damaged, or is not what a checkpoint says that you kept. That history was not rewritten as
a whole is seen only against something that was kept elsewhere: a checkpoint, a root, a witness's cosignature.

Examples:
  kunci log verify /mnt/copy --vkey vendor.example/kunci+8c1b2d3e+AX…
  kunci log verify /mnt/copy --checkpoint yesterday --policy policy.txt
  kunci log verify --size 4711 \\
      --root oJ0SMU5tqh+HVMBDYrAY8hsrBG1YW+HVvNzqT1cjGDE=
                      are the first entries those of then?")]
    Verify(verify::Arguments),
    /// Prove that the log only grew between two checkpoints
    #[command(after_help = "\
Prints the RFC 6962 consistency proof, one hash a line in base64. Exits with 1 when the log does not have the checkpoints.

Example:
  kunci log consistency yesterday today --dir /mnt/copy
  kunci log consistency 4711 5000")]
    Consistency(consistency::Arguments),
    /// Have witnesses sign that the log only grew
    #[command(after_help = "\
Sends the log's checkpoint to the policy's witnesses, and writes it with their cosignatures once it has the policy's
quorum. Exits with 1 when it gets none.

Examples:
  kunci log cosign --log copy/log --policy policy.txt --output checkpoint
  kunci log cosign --log /mnt/copy/log --policy policy.txt \\
    --output /srv/log/checkpoint --follow")]
    Cosign(cosign::Arguments),
    /// Check a receipt: that an entry, or an assertion's, is in a log
    #[command(after_help = "\
Needs no log and no agent: the receipt, what it is of, and whom you believe. Exits with 1 when it shows nothing.

Examples:
  kunci log verify-receipt r.proof --assertion a.jwt --policy policy.txt
  kunci log verify-receipt r.proof --entry e.json \\
      --vkey vendor.example/kunci+8c1b2d3e+AX…")]
    VerifyReceipt(verify_receipt::Arguments),
    /// Find entries by what they say; all given must match
    #[command(after_help = "\
Exits with 1 when nothing matches or an entry is damaged. With --json, entries are the stored bytes, unchanged.

Examples:
  kunci log search --connector de --since today --kind intent
  kunci log search --uid iep --since 2h --limit 20
  kunci log search --jti 0197a1e2-7c1b-7d2a-9a52-3a5d1f4e8b11
  kunci --json log search --kind lifecycle --follow    events, as they come")]
    Search(search::Arguments),
    /// Which tenants and client ids a key opened, how often, first and last, and by which caller
    #[command(after_help = "\
The list to call after an incident. A signature is on it unless a void names it; proofs, certificates and requests are
counted apart. Exits with 1 when a log is damaged, or has no such connector or key.

Examples:
  kunci log exposure de --since 2026-11-01 --until 2026-12-01
  kunci log exposure de --log /mnt/fra1/log --log /mnt/fra2/log --csv
  kunci log exposure de --tenant contoso.example       for that customer")]
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
  kunci log export --format csv --since 2026-11-01 > log.csv
  kunci log export --format ndjson --follow --from 4711    from then on")]
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
        Command::InitKey(arguments) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(init_key::run(arguments, &Session::new(paths, print)))
        }
        Command::Verify(arguments) => verify::run(arguments, paths, print),
        Command::Cosign(arguments) => cosign::run(arguments, print),
        Command::Consistency(arguments) => consistency::run(arguments, paths, print),
        Command::VerifyReceipt(arguments) => verify_receipt::run(arguments, print),
        Command::Search(arguments) => search::run(arguments, paths, print),
        Command::Exposure(arguments) => exposure::run(arguments, paths, print),
        Command::Stats(arguments) => stats::run(arguments, paths, print),
        Command::Export(arguments) => export::run(arguments, paths, print),
        Command::Reconcile(arguments) => reconcile::run(arguments, paths, print),
        Command::Show(show) => self::show(&show.place.open(paths)?, show.index, print),
    }
}

impl Place {
    /// The folder that is named without a word before it, where one is.
    fn or(&self, folder: Option<PathBuf>) -> Self {
        Self { dir: folder.or_else(|| self.dir.clone()) }
    }

    fn open(&self, paths: &Paths) -> Result<Reader, Failure> {
        let dir = match &self.dir {
            Some(dir) => dir.clone(),
            None => paths.log()?,
        };
        Reader::open(&dir).map_err(|error| unopened::at(&dir, &error))
    }
}

/// What is not as it was written, and in which log, where there are several.
fn damaged(log: Option<&str>, damage: &Damage) -> Failure {
    let log = log.map_or_else(String::new, |log| format!("{}: ", Quoted(log)));
    let index = damage.index.map_or_else(|| "?".to_owned(), |index| index.to_string());
    let title = format!("{log}entry {index} is damaged: {}", damage.what);
    Failure::finding("log-damaged", title, "`kunci log verify` names all damage; keep the folder as it is.")
}

fn show(reader: &Reader, index: u64, print: &Printer) -> Result<Exit, Failure> {
    let bytes = reader.entry(index).map_err(|error| match error {
        ledger::Error::NotFound => {
            let title = format!("The log has no entry {index}");
            Failure::finding("no-such-entry", title, "Ask for a smaller index.")
        }
        damage if damage.is_damage() => {
            Failure::finding("log-damaged", damage.to_string(), "Run `kunci log verify`.")
        }
        other => unreadable(other),
    })?;
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
