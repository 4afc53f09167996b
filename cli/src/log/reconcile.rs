//! `kunci log reconcile`: customers' sign-in logs against the log, after an incident and before one.
//!
//! The files are foreign: each is read in bounded memory, several at a time, and the first that cannot be read ends the
//! command, since an answer over some of them would say too little. What is wrong is judged in the crate `audit`.

mod files;
pub(crate) mod page;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use audit::Log;
use audit::reconcile::{Egress, Logs, MAX_EGRESS_BYTES, Question, Report, SignIns, Span, Unreadable};
use audit::signins::{self, Fault};
use clap::Args;
use ledger::Timestamp;
use quoted::{Plain, Quoted};
use token::message::Thumbprint;

use super::{unopened, when};
use crate::failure::{Exit, Failure};
use crate::paths::Paths;
use crate::print::Printer;

/// What to do where a thread failed.
const FAILED: &str = "Nothing was compared. This is a fault of kunci's: report it with what stands above.";
/// The longest tenant that can be named, in bytes.
const MAX_TENANT: usize = 253;

/// Which sign-ins, and which logs.
#[derive(Args, Debug)]
#[command(after_help = "\
Exits with 1 when a sign-in does not fit, a log is damaged, or the sign-ins are of a time that the logs do not cover.

Examples:
  kunci log reconcile signins.json.gz --egress networks.txt
  kunci log reconcile exports/ --log /mnt/a --log /mnt/b --since 30d
  kunci --json log reconcile contoso.csv --tenant $TENANT | jq .call

How to fetch sign-ins, and what each finding means: docs/how-to/reconcile-sign-ins.md.")]
pub(crate) struct Arguments {
    /// Entra's service-principal sign-ins: JSON of Graph, JSON or CSV of Azure Monitor, packed by gzip or not; or folders
    #[arg(required = true, value_name = "SIGNINS")]
    signins: Vec<PathBuf>,
    /// A log's folder; given again, all are one [default: the configuration's state_dir/log]
    #[arg(long = "log", visible_alias = "dir", value_name = "DIR")]
    logs: Vec<PathBuf>,
    /// Your networks, one in a line (192.0.2.0/24): a sign-in from elsewhere is a finding, even where an assertion explains it
    #[arg(long, value_name = "FILE")]
    egress: Option<PathBuf>,
    /// Certificates of the connectors, for logs that do not have their SHA-1
    #[arg(long, value_name = "DIR")]
    certificates: Option<PathBuf>,
    /// Whose sign-ins they are, where an export does not tell
    #[arg(long, value_name = "TENANT", value_parser = tenant)]
    tenant: Option<String>,
    /// Not before this time: RFC 3339, 2026-11-30, today, yesterday, or 2h, 3d, 90m ago; UTC
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    since: Option<Timestamp>,
    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    until: Option<Timestamp>,
}

pub(super) fn run(arguments: &Arguments, paths: &Paths, print: &Printer) -> Result<Exit, Failure> {
    let files = files::below(&arguments.signins)?;
    let span = Span { since: arguments.since, until: arguments.until };
    let egress = arguments.egress.as_deref().map(egress).transpose()?;
    let report = {
        let _spinner = print.spinner("comparing");
        let mut logs = logs(arguments, paths, span)?;
        if let Some(folder) = &arguments.certificates {
            certificates(&mut logs, folder)?;
        }
        let question = Question { span, egress, tenant: arguments.tenant.clone() };
        compare(SignIns::new(logs, question), &files)?
    };
    if report.sign_ins.compared + report.sign_ins.summed == 0 {
        return Err(nothing(&report));
    }
    match print.json {
        true => print.json(&serde_json::to_vec(&report).unwrap_or_default())?,
        false => print.lines(page::lines(&report))?,
    }
    Ok(if report.explained { Exit::Yes } else { Exit::Finding })
}

fn logs(arguments: &Arguments, paths: &Paths, span: Span) -> Result<Logs, Failure> {
    let folders = match arguments.logs.is_empty() {
        true => vec![paths.log()?],
        false => arguments.logs.clone(),
    };
    let mut logs = Logs::default();
    for folder in folders {
        let log = Log::open(&folder).map_err(|error| unopened::at(&folder, &error))?;
        logs.read(&log, span).map_err(|error| uncompared(&folder, &error))?;
    }
    Ok(logs)
}

/// A log that was opened, and cannot be taken in.
fn uncompared(folder: &Path, error: &Unreadable) -> Failure {
    let title = format!("The log {} cannot be compared: {error}", Quoted::path(folder));
    match error {
        Unreadable::TooMuch(_) => {
            let detail =
                "Ask for a shorter time by --since and --until, or for fewer logs at a time by --log.";
            Failure::usage("log-too-large", title, detail)
        }
        Unreadable::Lost => Failure::usage("reading-failed", title, FAILED),
    }
}

fn egress(path: &Path) -> Result<Egress, Failure> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| Failure::file(path, &error))?;
    let read = file.take(MAX_EGRESS_BYTES as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::file(path, &error))?;
    Egress::parse(&bytes).map_err(|fault| {
        let title = format!("{}:{fault}", Plain::path(path));
        Failure::usage("egress-unreadable", title, "Write a network in each line, as 192.0.2.0/24.")
    })
}

/// Takes each certificate of a folder that is one of the logs' keys'.
fn certificates(logs: &mut Logs, folder: &Path) -> Result<(), Failure> {
    let mut known = 0_usize;
    for path in files::of(folder)? {
        let bytes = crate::attest::file::read(&path)?;
        for item in attest::parse(&bytes).unwrap_or_default() {
            let attest::Item::Certificate(certificate) = item else { continue };
            let digests = Thumbprint::of(certificate.der());
            let (sha1, sha256) = (digests.sha1_hex(), digests.sha256().to_string());
            known +=
                usize::from(logs.keys.certificate(&sha1, &sha256, &certificate.key().sha256().to_string()));
        }
    }
    if known > 0 {
        return Ok(());
    }
    let title = format!("{} has no certificate of a key of these logs", Quoted::path(folder));
    let detail = "Name the folder certificates in the state directory, or one with what kunci cert prints.";
    Err(Failure::usage("no-certificates", title, detail))
}

/// Reads all files, and holds what they say against the logs.
fn compare(sign_ins: SignIns, files: &[PathBuf]) -> Result<Report, Failure> {
    let sign_ins = Mutex::new(sign_ins);
    each(files, |number, path| read(path, number, &sign_ins))?;
    let names: Vec<_> = files.iter().map(|path| path.display().to_string()).collect();
    let sign_ins = sign_ins.into_inner().unwrap_or_else(PoisonError::into_inner);
    sign_ins.compare(&names).map_err(|ambiguous| {
        let fault = Fault { line: ambiguous.line, what: ambiguous.what };
        unreadable(files.get(ambiguous.file as usize).map_or(Path::new("?"), PathBuf::as_path), &fault)
    })
}

/// Reads each file, as many at a time as there are processors. Of several that cannot be read, the first is told; a thread
/// that fails has not read its file.
fn each(files: &[PathBuf], read: impl Fn(usize, &Path) -> Result<(), Failure> + Sync) -> Result<(), Failure> {
    let (next, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = files.get(number).filter(|_| !is_over.load(Ordering::Relaxed)) else {
                return Ok(());
            };
            if let Err(failure) = read(number, path) {
                is_over.store(true, Ordering::Relaxed);
                return Err((number, failure));
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(files.len());
    let failures: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let ends = threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err(lost())));
        ends.filter_map(Result::err).collect()
    });
    match failures.into_iter().min_by_key(|(number, _)| *number) {
        Some((_, failure)) => Err(failure),
        None => Ok(()),
    }
}

/// A thread that failed, behind every file that has a fault of its own.
fn lost() -> (usize, Failure) {
    (usize::MAX, Failure::usage("reading-failed", "A file could not be read: a thread failed", FAILED))
}

fn read(path: &Path, number: usize, sign_ins: &Mutex<SignIns>) -> Result<(), Failure> {
    let file = File::open(path).map_err(|error| Failure::file(path, &error))?;
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    let read = signins::read(file, |line, row| {
        sign_ins.lock().unwrap_or_else(PoisonError::into_inner).take(number, line, row)
    });
    read.map_err(|fault| unreadable(path, &fault))
}

/// A file that is no whole export.
pub(crate) fn unreadable(path: &Path, fault: &Fault) -> Failure {
    let title = format!("{}:{fault}", Plain::path(path));
    let detail = "Nothing was compared. Fetch the export anew, or leave this file out and say so.";
    Failure::usage("sign-ins-unreadable", title, detail)
}

fn nothing(report: &Report) -> Failure {
    let (read, others, beyond) = (report.rows.read, report.rows.others, report.rows.beyond);
    let title = format!(
        "Nothing was compared: of {read} sign-ins, {others} are of applications that no log names, and {beyond} of another time"
    );
    let detail = "Are these the sign-ins of service principals, of tenants that these logs serve?";
    Failure::usage("nothing-to-compare", title, detail)
}

fn tenant(text: &str) -> Result<String, String> {
    match text.trim() {
        tenant if tenant.is_empty() || tenant.len() > MAX_TENANT => {
            Err("write the tenant's id, or its domain name as the log has it".to_owned())
        }
        tenant => Ok(tenant.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(count: usize) -> Vec<PathBuf> {
        (0..count).map(|number| PathBuf::from(number.to_string())).collect()
    }

    #[test]
    fn a_thread_that_fails_has_not_read_its_file() {
        let ends = each(&files(20), |number, _| {
            assert_ne!(number, 7, "a fault of the reader's");
            Ok(())
        });
        assert_eq!(ends.unwrap_err().problem.code, "reading-failed");
        assert!(each(&files(20), |_, _| Ok(())).is_ok());
    }

    #[test]
    fn a_log_that_is_too_large_is_told_from_one_that_is_not_there() {
        let failure = uncompared(Path::new("log"), &Unreadable::TooMuch("it is more than fits".to_owned()));
        assert_eq!(failure.problem.code, "log-too-large");
        assert_eq!(uncompared(Path::new("log"), &Unreadable::Lost).problem.code, "reading-failed");
    }
}
