//! The log in words. Who reads JSON gets the stored bytes instead.

use std::fmt::Display;

use ledger::{Entry, Report};
use quoted::{Plain, Quoted};

/// What verifying found.
pub(crate) fn report(report: &Report) -> Vec<String> {
    let Report { size, signatures, intents, voids, refusals, lifecycle, postures, probes, damage, .. } =
        report;
    let root = report.root.map_or_else(|| "none: entries are missing".to_owned(), |root| root.base64());
    let mut lines = vec![
        format!("entries     {size}"),
        format!("root        {root}"),
        format!("signatures  {signatures} (intents {intents}, voids {voids})"),
        format!("refusals    {refusals}"),
        format!("lifecycle   {lifecycle}, posture {postures}, probes {probes}"),
    ];
    for one in damage {
        let entry = one.index.map_or_else(String::new, |index| format!("entry {index}: "));
        lines.push(format!("DAMAGED     {entry}{}", one.what));
    }
    lines.push(match damage.len() {
        0 => "No damage was found: every entry, hash and tile agrees.".to_owned(),
        many => format!("The log is DAMAGED in {many} places. Keep the folder as it is."),
    });
    lines
}

/// An entry in one line: what is there, in the order of the log's fields.
pub(crate) fn entry(index: u64, entry: &Entry) -> String {
    let time = entry.time.map_or_else(|| "-".to_owned(), |time| time.to_string());
    let mut line = format!("{index} {time} {}", word(entry));
    field(&mut line, "connector", value(entry.connector.as_ref()));
    field(&mut line, "token", value(entry.token.as_ref()));
    field(&mut line, "uid", entry.caller.as_ref().map(|caller| caller.uid));
    field(&mut line, "unit", value(entry.caller.as_ref().and_then(|caller| caller.unit.as_ref())));
    field(&mut line, "callers", value(entry.callers.as_ref()));
    field(&mut line, "tenant", value(entry.tenant.as_ref()));
    field(&mut line, "client", value(entry.client_id.as_ref()));
    field(&mut line, "jti", value(entry.jti.as_ref()));
    field(&mut line, "voids", entry.voids);
    field(&mut line, "state", value(entry.state.as_ref()));
    field(&mut line, "count", entry.count);
    field(&mut line, "reason", entry.reason.as_ref().map(Quoted));
    line
}

fn word(entry: &Entry) -> String {
    let kind = format!("{:?}", entry.kind).to_lowercase();
    match &entry.message {
        Some(message) => format!("{kind} {}", Plain(message)),
        None => kind,
    }
}

/// A log of others may hold anything, a blank and another field among it.
fn value(of: Option<impl AsRef<str>>) -> Option<Plain<impl AsRef<str>>> {
    of.map(Plain)
}

fn field(line: &mut String, name: &str, value: Option<impl Display>) {
    if let Some(value) = value {
        *line += &format!(" {name}={value}");
    }
}
