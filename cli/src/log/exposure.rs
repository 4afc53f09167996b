//! `kunci log exposure`: the list to call after an incident.

use audit::{Exposure, Opened, Query, Used, csv};
use clap::Args;
use ledger::Timestamp;
use quoted::{Plain, Quoted};
use serde::Serialize;
use serde_json::json;

use super::asked::{Asked, apart, ask, one_form, seen, seen_json, tell_damage};
use super::{customer, logs, unknown, when};
use crate::failure::{Exit, Failure};
use crate::paths::Paths;
use crate::print::Printer;

/// The columns of a row.
const HEAD: [&str; 7] = ["tenant", "client_id", "signatures", "first", "last", "uid", "unit"];

/// Whose exposure.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The connector
    #[arg(required_unless_present = "key")]
    connector: Option<String>,
    /// One key only: its identifier, hex, as the log has it
    #[arg(long, value_name = "HEX")]
    key: Option<String>,
    /// One tenant only: a page to send to that customer, with every signature
    #[arg(long)]
    pub(super) tenant: Option<String>,
    /// Not before this time: RFC 3339, 2026-11-30, today, yesterday, or 2h, 3d, 90m ago; UTC, as the log is
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    pub(super) since: Option<Timestamp>,
    /// Before this time
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    pub(super) until: Option<Timestamp>,
    /// Rows as RFC 4180 has them, for a spreadsheet
    #[arg(long)]
    pub(super) csv: bool,
    #[command(flatten)]
    logs: logs::Named,
}

impl Arguments {
    fn query(&self) -> Query {
        Query {
            connector: self.connector.clone(),
            key: self.key.as_ref().map(|key| key.to_ascii_lowercase()),
            tenant: self.tenant.clone(),
            since: self.since,
            until: self.until,
            ..Query::default()
        }
    }

    /// Whose key it was, in words.
    pub(super) fn whose(&self) -> String {
        match (&self.connector, self.query().key) {
            (Some(connector), Some(key)) => format!("key {} of connector {}", Plain(key), Quoted(connector)),
            (Some(connector), None) => format!("the keys of connector {}", Quoted(connector)),
            (None, key) => format!("key {}", Plain(key.unwrap_or_default())),
        }
    }
}

pub(super) fn run(arguments: &Arguments, paths: &Paths, print: &Printer) -> Result<Exit, Failure> {
    one_form(arguments.csv, print)?;
    let (logs, query) = (arguments.logs.open(paths, print)?, arguments.query());
    if arguments.tenant.is_some() {
        return customer::run(arguments, &logs, &query, print);
    }
    let mut exposure = Exposure::default();
    let asked = ask(&logs, &query, |_, hit, is_voided| exposure.add(hit, is_voided))?;
    let is_unknown = exposure.all.signatures == 0 && unknown::signer(&logs, &query, print);
    match (print.json, arguments.csv) {
        (true, _) => as_json(&exposure, &query, &asked, print)?,
        (_, true) => as_csv(&exposure, print)?,
        _ => as_page(&exposure, arguments, &asked, print)?,
    }
    let exit = tell_damage(&asked, print);
    Ok(if is_unknown { exit.max(Exit::Finding) } else { exit })
}

/// A row for programs.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    opened: &'a Opened,
    #[serde(flatten)]
    used: &'a Used,
}

/// A line for each row, and a last one that says of what.
fn as_json(exposure: &Exposure, query: &Query, asked: &[Asked], print: &Printer) -> Result<(), Failure> {
    for (opened, used) in &exposure.rows() {
        print.json_of_many(&serde_json::to_vec(&Row { opened, used }).unwrap_or_default())?;
    }
    let keys: Vec<_> = exposure.keys().iter().map(|(key, used)| {
        json!({"connector": key.connector.as_deref(), "key": key.key.as_deref(), "token": key.token.as_deref(), "signatures": used.signatures})
    }).collect();
    let summary = json!({"summary": {
        "connector": query.connector, "key": query.key,
        "since": query.since.map(|time| time.to_string()), "until": query.until.map(|time| time.to_string()),
        "tenants": exposure.tenants(), "signatures": exposure.all.signatures, "keys": keys, "apart": exposure.apart,
        "logs": seen_json(asked),
    }});
    print.json_of_many(summary.to_string().as_bytes())?;
    Ok(print.finish()?)
}

fn as_csv(exposure: &Exposure, print: &Printer) -> Result<(), Failure> {
    print.bytes_of_many(csv(HEAD).as_bytes())?;
    for (opened, used) in &exposure.rows() {
        print.bytes_of_many(csv(cells(opened, used)).as_bytes())?;
    }
    Ok(print.finish()?)
}

fn as_page(
    exposure: &Exposure,
    arguments: &Arguments,
    asked: &[Asked],
    print: &Printer,
) -> Result<(), Failure> {
    print.line_of_many(&answer(exposure, &arguments.whose()))?;
    if exposure.all.signatures > 0 {
        print.line_of_many(&format!("signatures  {}", used(&exposure.all)))?;
    }
    for (key, signed) in &exposure.keys() {
        let [connector, id, token] =
            [&key.connector, &key.key, &key.token].map(|word| plain(word.as_deref()));
        let line = format!("key         {id} of {connector} on {token}: {}", used(signed));
        print.line_of_many(&line)?;
    }
    print.lines(apart(&exposure.apart).into_iter().chain(seen(asked)))?;
    if exposure.all.signatures == 0 {
        return Ok(());
    }
    let words = |(opened, used)| {
        cells(opened, used).map(|cell| plain(Some(&cell).filter(|c| !c.is_empty()).map(String::as_str)))
    };
    let rows: Vec<Vec<String>> = exposure.rows().iter().map(|row| words(row).to_vec()).collect();
    print.line("")?;
    Ok(print.table(&HEAD.map(|name| name.trim_end_matches("_id")), &rows)?)
}

/// The first line: what a tired person has to know.
fn answer(exposure: &Exposure, whose: &str) -> String {
    match exposure.tenants() {
        0 => format!("No tenant was opened with {whose}, as far as the log says."),
        1 => format!("One tenant was opened with {whose}."),
        tenants => format!("{tenants} tenants were opened with {whose}."),
    }
}

fn used(used: &Used) -> String {
    format!("{}, {} to {}", used.signatures, time(used.first), time(used.last))
}

fn cells(opened: &Opened, used: &Used) -> [String; HEAD.len()] {
    let text = |word: &Option<std::rc::Rc<str>>| word.as_deref().unwrap_or_default().to_owned();
    [
        text(&opened.tenant),
        text(&opened.client_id),
        used.signatures.to_string(),
        used.first.map(|time| time.to_string()).unwrap_or_default(),
        used.last.map(|time| time.to_string()).unwrap_or_default(),
        opened.uid.map(|uid| uid.to_string()).unwrap_or_default(),
        text(&opened.unit),
    ]
}

fn plain(word: Option<&str>) -> String {
    word.map_or_else(|| "-".to_owned(), |word| Plain(word).to_string())
}

/// To the second: the list is for people.
pub(super) fn time(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "-".to_owned(), |time| format!("{time:.0}"))
}
