//! The page for one customer: every signature that opened their tenant, to be held against their own sign-in logs.
//!
//! It names no other tenant and none of the vendor's callers. The first pass counts, the second prints: nothing is kept.

use audit::{Apart, Hit, Query, Signed, TooMany, csv};
use ledger::Timestamp;
use quoted::{Plain, Quoted};
use serde_json::{Value, json};

use super::asked::{Asked, apart, ask, seen, seen_json, tell_damage};
use super::exposure::{Arguments, time};
use super::logs::Logs;
use super::unknown;
use crate::failure::{Exit, Failure};
use crate::print::Printer;

/// The columns of a row.
const HEAD: [&str; 8] = ["time", "expires", "message", "client_id", "jti", "key", "log", "entry"];

pub(super) fn run(
    arguments: &Arguments,
    logs: &Logs,
    query: &Query,
    print: &Printer,
) -> Result<Exit, Failure> {
    let (mut signatures, mut others) = (0_u64, Apart::default());
    let asked = ask(logs, query, |_, hit, is_voided| {
        signatures += u64::from(others.sift(&hit.line, is_voided));
        Ok(())
    })?;
    let is_unknown = signatures == 0 && unknown::signer(logs, query, print);
    let is_page = !print.json && !arguments.csv;
    if is_page {
        print.lines(opening(arguments, signatures, &others, &asked))?;
    } else if arguments.csv {
        print.bytes_of_many(csv(HEAD).as_bytes())?;
    }
    rows(arguments, logs, query, print)?;
    if is_page && signatures > 0 {
        print.lines(CLOSING)?;
    } else if print.json {
        let summary = json!({"summary": {"tenant": query.tenant, "connector": query.connector, "key": query.key,
            "signatures": signatures, "apart": others, "logs": seen_json(&asked)}});
        print.json(summary.to_string().as_bytes())?;
    }
    print.finish()?;
    let exit = tell_damage(&asked, print);
    Ok(if is_unknown { exit.max(Exit::Finding) } else { exit })
}

const CLOSING: [&str; 6] = [
    "",
    "Each assertion could be exchanged once or more for an access token of your tenant",
    "until it expired. Compare the list with your service principal sign-in logs, by",
    "application, certificate and time: an assertion is used within minutes of its time.",
    "A sign-in with this certificate that no line here explains was not made by the",
    "vendor's key agent. Tell the vendor, and remove the certificate.",
];

fn opening(arguments: &Arguments, signatures: u64, others: &Apart, asked: &[Asked]) -> Vec<String> {
    let tenant = Quoted(arguments.tenant.as_deref().unwrap_or_default());
    let whose = arguments.whose();
    let mut lines = vec![match signatures {
        0 => format!("Tenant {tenant} was not opened with {whose}, as far as the log says."),
        1 => format!("Tenant {tenant}: 1 assertion was signed with {whose}."),
        many => format!("Tenant {tenant}: {many} assertions were signed with {whose}."),
    }];
    let bound =
        |time: Option<Timestamp>, open: &str| time.map_or_else(|| open.to_owned(), |time| time.to_string());
    lines.push(format!(
        "Looked at: {} to {}.",
        bound(arguments.since, "the beginning"),
        bound(arguments.until, "now")
    ));
    lines.extend(apart(others));
    lines.extend(seen(asked));
    lines.push(String::new());
    lines
}

/// Prints each that may have left, of every kind.
fn rows(arguments: &Arguments, logs: &Logs, query: &Query, print: &Printer) -> Result<(), Failure> {
    let mut failed = Ok(());
    ask(logs, query, |place, hit, is_voided| {
        if is_voided {
            return Ok(());
        }
        let log = logs.all.get(place).map(|log| log.name()).unwrap_or_default();
        let printed = match (print.json, arguments.csv) {
            (true, _) => print.json_of_many(json_row(hit, log).to_string().as_bytes()),
            (_, true) => print.bytes_of_many(csv(cells(hit, log)).as_bytes()),
            _ => print.line_of_many(&line(hit)),
        };
        // Whoever read it hung up; there is no more to be asked.
        printed.map_err(|error| {
            failed = Err(error);
            TooMany
        })
    })
    .or_else(|failure| failed.map_err(Failure::from).and(Err(failure)))
    .map(|_| ())
}

fn line(hit: &Hit<'_>) -> String {
    let line = &hit.line;
    let plain = |word: Option<&str>| word.map_or_else(|| "-".to_owned(), |word| Plain(word).to_string());
    let signed = Signed::of(line.message.as_deref());
    let (client, jti) = (plain(line.client_id.as_deref()), plain(line.jti.as_deref()));
    format!("{} {signed} for {client}, jti {jti}, entry {}", time(line.time), hit.index)
}

fn cells(hit: &Hit<'_>, log: &str) -> [String; HEAD.len()] {
    let line = &hit.line;
    let text = |word: Option<&str>| word.unwrap_or_default().to_owned();
    [
        line.time.map(|time| time.to_string()).unwrap_or_default(),
        expires(hit).map(|time| time.to_string()).unwrap_or_default(),
        Signed::of(line.message.as_deref()).to_string(),
        text(line.client_id.as_deref()),
        text(line.jti.as_deref()),
        text(line.key.as_deref()),
        log.to_owned(),
        hit.index.to_string(),
    ]
}

fn json_row(hit: &Hit<'_>, log: &str) -> Value {
    let line = &hit.line;
    json!({"time": line.time.map(|time| time.to_string()), "expires": expires(hit).map(|time| time.to_string()),
        "message": Signed::of(line.message.as_deref()), "client_id": line.client_id.as_deref(), "jti": line.jti.as_deref(),
        "key": line.key.as_deref(), "log": log, "entry": hit.index})
}

fn expires(hit: &Hit<'_>) -> Option<Timestamp> {
    Timestamp::from_second(hit.line.exp?).ok()
}
