//! `kunci log verify`: the whole log, computed anew, and held against what somebody signed or wrote down of it.
//!
//! One reading finds all damage, and the root at each size that is asked about: that of the checkpoint in the folder, of
//! those that were kept, and of a root that was written down.

use std::path::PathBuf;

use clap::Args;
use ledger::{Reader, Report, SignedCheckpoint};
use quoted::{Plain, Quoted};
use serde::Serialize;
use serde_json::{Value, json};

use super::trust::{self, Endorsed, Trust};
use super::{Place, page, root, unreadable};
use crate::failure::{Exit, Failure};
use crate::paths::Paths;
use crate::print::Printer;

/// Which log, and what is known of it.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The log's folder, or a copy of it [default: the configuration's state_dir/log]
    #[arg(value_name = "DIR", conflicts_with = "dir")]
    folder: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// A checkpoint of this log that was kept: the log must have grown from it; may be given again
    #[arg(long = "checkpoint", value_name = "FILE")]
    checkpoints: Vec<PathBuf>,
    #[command(flatten)]
    trust: trust::Trusted,
    #[command(flatten)]
    kept: root::Kept,
}

/// A checkpoint, and what is to be said of it.
#[derive(Serialize)]
struct Judged {
    /// Where it is; nothing for the folder's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    origin: String,
    size: u64,
    root: ledger::Root,
    /// Whether the log's first entries are those that it is of.
    of_this_log: bool,
    /// Who stands for it; nothing where nobody was named, or not enough do.
    #[serde(flatten)]
    endorsed: Option<Endorsed>,
    #[serde(skip)]
    failures: Vec<Failure>,
}

pub(super) fn run(arguments: &Arguments, paths: &Paths, print: &Printer) -> Result<Exit, Failure> {
    let trust = (!arguments.trust.is_empty()).then(|| arguments.trust.load()).transpose()?;
    let mut checkpoints = Vec::new();
    for path in &arguments.checkpoints {
        checkpoints.push((Some(path.display().to_string()), trust::checkpoint(path)?));
    }
    let reader = arguments.place.or(arguments.folder.clone()).open(paths)?;
    // One that cannot be read is damage, and in the report.
    if let Ok(Some(own)) = reader.checkpoint() {
        checkpoints.insert(0, (None, own));
    }
    let report = read(&reader, &checkpoints, &arguments.kept, print)?;
    let origin = report.checkpoint.as_ref().map(|own| own.origin.clone());
    let judged: Vec<_> = checkpoints
        .into_iter()
        .map(|(file, signed)| judge(file, &signed, origin.as_deref(), &report, trust.as_ref()))
        .collect();
    show(&report, &judged, print)?;
    let exit = conclude(&report, &judged, trust.as_ref(), print)?;
    arguments.kept.check(&report, print)?;
    Ok(exit)
}

fn read(
    reader: &Reader,
    checkpoints: &[(Option<String>, SignedCheckpoint)],
    kept: &root::Kept,
    print: &Printer,
) -> Result<Report, Failure> {
    let bar = print.bar("verifying");
    let sizes = checkpoints.iter().map(|(_, signed)| signed.head().size).chain(kept.size());
    ledger::verify_with_heads(reader, sizes, |done, all| bar.at(done, all)).map_err(unreadable)
}

fn judge(
    file: Option<String>,
    signed: &SignedCheckpoint,
    origin: Option<&str>,
    report: &Report,
    trust: Option<&Trust>,
) -> Judged {
    let (checkpoint, head) = (signed.checkpoint(), signed.head());
    let name = file.as_ref().map_or_else(|| "the log's own".to_owned(), |file| Quoted(file).to_string());
    let mut failures = Vec::new();
    let endorsed = trust.and_then(|trust| {
        let refused = |why| {
            failures.push(trust::not_endorsed(&format!("The checkpoint {name} is not to be believed"), &why))
        };
        trust.endorse(signed).map_err(refused).ok()
    });
    let of_this_log = report.head_at(head.size) == Some(head);
    // Of the folder's own the report says so.
    if file.is_some() {
        failures.extend(differs(&name, signed, report));
        if origin.is_some_and(|origin| origin != checkpoint.origin()) {
            failures.push(another(&name, checkpoint.origin()));
        }
    }
    let origin = checkpoint.origin().to_owned();
    Judged { file, origin, size: head.size, root: head.root, of_this_log, endorsed, failures }
}

/// What a log is not that once had this checkpoint.
fn differs(name: &str, signed: &SignedCheckpoint, report: &Report) -> Option<Failure> {
    let kept = signed.head();
    let why = match report.head_at(kept.size) {
        Some(log) if log == kept => return None,
        Some(log) => format!("its first {} entries have the root {}", log.size, log.root.base64()),
        None => format!("it has {} entries, or cannot be read so far", report.size),
    };
    let title = format!(
        "The log is not the one that the checkpoint {name} is of, with {} entries and the root {}: {why}",
        kept.size,
        kept.root.base64()
    );
    let detail = "History was cut or rewritten, or this is another log. Keep the folder as it is, and find out which copy is the true one.";
    Some(Failure::finding("checkpoint-differs", title, detail))
}

fn another(name: &str, origin: &str) -> Failure {
    let title = format!("The checkpoint {name} is of another log, {}", Quoted(origin));
    Failure::finding("checkpoint-differs", title, "Give one of this log, or the folder of that one.")
}

fn show(report: &Report, judged: &[Judged], print: &Printer) -> Result<(), Failure> {
    if print.json {
        let mut body = serde_json::to_value(report).unwrap_or_default();
        if let (Value::Object(fields), false) = (&mut body, judged.is_empty()) {
            fields.insert("checkpoints".to_owned(), json!(judged));
        }
        return Ok(print.json(body.to_string().as_bytes())?);
    }
    let mut lines = page::report(report);
    let verdict = lines.pop();
    for Judged { file, origin, size, endorsed, .. } in judged {
        let place = file.as_ref().map_or_else(|| "in the folder".to_owned(), |file| Quoted(file).to_string());
        lines.push(format!("checkpoint  {size} entries of {}, {place}", Plain(origin)));
        let who =
            endorsed.as_ref().map_or_else(|| vec!["by nobody that is known".to_owned()], Endorsed::lines);
        lines.extend(who.into_iter().map(|line| format!("            {line}")));
    }
    Ok(print.lines(lines.into_iter().chain(verdict))?)
}

fn conclude(
    report: &Report,
    judged: &[Judged],
    trust: Option<&Trust>,
    print: &Printer,
) -> Result<Exit, Failure> {
    let mut failed = !report.damage.is_empty() || report.root.is_none();
    for failure in judged.iter().flat_map(|one| &one.failures) {
        failed = true;
        print.failure(failure);
    }
    for one in judged.iter().filter(|one| one.failures.is_empty() && one.file.is_some()) {
        print.note(&format!("The log only grew since its checkpoint of {} entries.", one.size));
    }
    match (trust, judged) {
        (Some(_), []) => {
            let title = "There is no checkpoint that the keys could have signed";
            return Err(Failure::finding(
                "no-checkpoint",
                title,
                "Give one that you kept with --checkpoint.",
            ));
        }
        (None, [_, ..]) => {
            print.note("Who signed is not looked at: give the log's key with --vkey, or a policy.")
        }
        _ => {}
    }
    Ok(if failed { Exit::Finding } else { Exit::Yes })
}
