//! `kunci log export`: entries in a form that other programs take.
//!
//! As NDJSON an entry is its stored object with `log` and `index` in front; as CSV its fields are columns, in the order of
//! docs/log-format.md. Neither form keeps anything back, so that what is counted there is what is counted here.

use audit::csv;
use clap::{Args, ValueEnum};
use ledger::Entry;
use serde_json::json;

use super::{query, search, stream};
use crate::failure::{Exit, Failure};
use crate::paths::Paths;
use crate::print::Printer;

/// The columns.
const HEAD: [&str; 27] = [
    "log",
    "index",
    "time",
    "kind",
    "connector",
    "key",
    "token",
    "uid",
    "unit",
    "tenant",
    "client_id",
    "aud",
    "jti",
    "exp",
    "digest",
    "voids",
    "reason",
    "message",
    "object_id",
    "state",
    "spki_sha256",
    "certificate_sha256",
    "certificate_sha1",
    "serial",
    "count",
    "callers",
    "credential_key_id",
];

/// What and how.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The form
    #[arg(long, value_enum)]
    format: Format,
    #[command(flatten)]
    follow: stream::Follow,
    #[command(flatten)]
    filter: query::Filter,
}

/// A form that other programs take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A JSON object on each line
    Ndjson,
    /// RFC 4180, with a line of names; no cell begins a formula
    Csv,
}

pub(super) fn run(arguments: &Arguments, paths: &Paths, print: &Printer) -> Result<Exit, Failure> {
    let (logs, query) =
        (arguments.follow.open(&arguments.filter.logs, paths, print)?, arguments.filter.query());
    if arguments.format == Format::Csv {
        print.bytes_of_many(csv(HEAD).as_bytes())?;
    }
    let told = arguments.follow.stream(&logs, &query, print, &mut |log, index, bytes| {
        let name = logs.all.get(log).map(|log| log.name()).unwrap_or_default();
        match arguments.format {
            Format::Ndjson => print.json_of_many(&object(name, index, bytes))?,
            Format::Csv => match search::entry(index, bytes) {
                Ok(entry) => print.bytes_of_many(csv(cells(name, index, entry)).as_bytes())?,
                Err(what) => return Ok(Some(what)),
            },
        }
        Ok(None)
    })?;
    print.finish()?;
    Ok(if told.is_damaged { Exit::Finding } else { Exit::Yes })
}

/// The stored object with its place in front. A line break in it can only be white space, and would begin a line.
fn object(log: &str, index: u64, bytes: &[u8]) -> Vec<u8> {
    let mut line = format!(r#"{{"log":{},"index":{index},"#, json!(log)).into_bytes();
    let fields = bytes.strip_prefix(b"{").unwrap_or(bytes);
    line.extend(fields.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }));
    line
}

fn cells(log: &str, index: u64, entry: Entry) -> [String; HEAD.len()] {
    let number = |of: Option<u64>| of.map(|number| number.to_string()).unwrap_or_default();
    let text = Option::unwrap_or_default;
    let kind = format!("{:?}", entry.kind).to_lowercase();
    let (uid, unit) = entry.caller.map(|caller| (caller.uid, caller.unit)).unzip();
    [
        log.to_owned(),
        index.to_string(),
        entry.time.map(|time| format!("{time:.6}")).unwrap_or_default(),
        kind,
        text(entry.connector),
        text(entry.key),
        text(entry.token),
        number(uid.map(u64::from)),
        text(unit.flatten()),
        text(entry.tenant),
        text(entry.client_id),
        text(entry.aud),
        text(entry.jti),
        entry.exp.map(|exp| exp.to_string()).unwrap_or_default(),
        text(entry.digest),
        number(entry.voids),
        text(entry.reason),
        text(entry.message),
        text(entry.object_id),
        text(entry.state),
        text(entry.spki_sha256),
        text(entry.certificate_sha256),
        text(entry.certificate_sha1),
        text(entry.serial),
        number(entry.count),
        text(entry.callers),
        text(entry.credential_key_id),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_one_line_with_its_place_in_front() {
        let line = object("a \"log\"", 7, b"{\"v\":1,\n\"kind\":\"intent\"}");
        assert_eq!(
            String::from_utf8(line).unwrap(),
            r#"{"log":"a \"log\"","index":7,"v":1, "kind":"intent"}"#
        );
    }
}
