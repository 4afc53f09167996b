//! `kunci log stats`: signatures by day, connector and caller.

use audit::{Group, Stats, csv};
use clap::Args;
use quoted::Plain;
use serde::Serialize;
use serde_json::json;

use super::asked::{Asked, apart, ask, one_form, seen, seen_json, tell_damage};
use super::query;
use crate::failure::{Exit, Failure};
use crate::paths::Paths;
use crate::print::Printer;

/// The columns of a row.
const HEAD: [&str; 5] = ["day", "connector", "uid", "unit", "signatures"];

/// Of what.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Rows as RFC 4180 has them, for a spreadsheet
    #[arg(long)]
    csv: bool,
    #[command(flatten)]
    filter: query::Filter,
}

/// A row for programs.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    group: &'a Group,
    signatures: u64,
}

pub(super) fn run(arguments: &Arguments, paths: &Paths, print: &Printer) -> Result<Exit, Failure> {
    one_form(arguments.csv, print)?;
    let (logs, query) = (arguments.filter.logs.open(paths, print)?, arguments.filter.query());
    let mut stats = Stats::default();
    let asked = ask(&logs, &query, |_, hit, is_voided| stats.add(hit, is_voided))?;
    match (print.json, arguments.csv) {
        (true, _) => as_json(&stats, &asked, print)?,
        (_, true) => as_csv(&stats, print)?,
        _ => as_page(&stats, &asked, print)?,
    }
    Ok(tell_damage(&asked, print))
}

/// A line for each row, and a last one that says of what.
fn as_json(stats: &Stats, asked: &[Asked], print: &Printer) -> Result<(), Failure> {
    for (group, signatures) in &stats.rows() {
        let row = Row { group, signatures: *signatures };
        print.json_of_many(&serde_json::to_vec(&row).unwrap_or_default())?;
    }
    let summary = json!({"summary":
        {"signatures": stats.signatures(), "apart": stats.apart, "logs": seen_json(asked)}});
    Ok(print.json(summary.to_string().as_bytes())?)
}

fn as_csv(stats: &Stats, print: &Printer) -> Result<(), Failure> {
    print.bytes_of_many(csv(HEAD).as_bytes())?;
    for (group, signatures) in &stats.rows() {
        print.bytes_of_many(csv(cells(group, *signatures)).as_bytes())?;
    }
    Ok(print.finish()?)
}

fn as_page(stats: &Stats, asked: &[Asked], print: &Printer) -> Result<(), Failure> {
    print.line_of_many(&format!("{} signatures.", stats.signatures()))?;
    print.lines(apart(&stats.apart).into_iter().chain(seen(asked)))?;
    if stats.signatures() == 0 {
        return Ok(());
    }
    let plain = |cell: String| if cell.is_empty() { "-".to_owned() } else { Plain(cell).to_string() };
    let rows: Vec<_> = stats
        .rows()
        .iter()
        .map(|(group, signatures)| cells(group, *signatures).map(plain).to_vec())
        .collect();
    print.line("")?;
    Ok(print.table(&HEAD, &rows)?)
}

fn cells(group: &Group, signatures: u64) -> [String; HEAD.len()] {
    [
        group.day.map(|day| day.to_string()).unwrap_or_default(),
        group.connector.as_deref().unwrap_or_default().to_owned(),
        group.uid.map(|uid| uid.to_string()).unwrap_or_default(),
        group.unit.as_deref().unwrap_or_default().to_owned(),
        signatures.to_string(),
    ]
}
