//! The results as a Markdown table, cases by backends, and as JSON.

use std::fs;
use std::path::Path;

use serde::Serialize;
use tests::faults::table::commit;

use crate::backends::Entry;
use crate::cases;
use crate::life::{Outcome, Row};

/// A row as it is written: with the commit that it ran on.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(flatten)]
    row: &'a Row,
    commit: &'a str,
}

/// The table, with the causes of what did not pass below it.
pub(crate) fn markdown(entries: &[&Entry], rows: &[Row]) -> String {
    let mut notes = Vec::new();
    let names: Vec<_> = entries.iter().map(|entry| entry.name).collect();
    let mut text = format!("| case | {} |\n|---|{}\n", names.join(" | "), "---|".repeat(names.len()));
    for case in &cases::ALL {
        let cells = names.iter().map(|name| {
            let row = rows.iter().find(|row| row.case == case.name && row.backend == *name);
            cell(row, &mut notes)
        });
        text += &format!("| {} | {} |\n", case.name, cells.collect::<Vec<_>>().join(" | "));
    }
    for (number, note) in (1..).zip(notes) {
        text += &format!("\n{number}. {note}");
    }
    text + "\n"
}

/// Writes the rows, each with the commit.
pub(crate) fn write(path: &Path, rows: &[Row]) {
    let commit = commit();
    let written: Vec<_> = rows.iter().map(|row| Written { row, commit: &commit }).collect();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, serde_json::to_string_pretty(&written).unwrap() + "\n").unwrap();
}

/// An outcome, for people.
pub(crate) fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "pass",
        Outcome::Fail => "FAIL",
        Outcome::NotOffered => "not offered",
    }
}

fn cell(row: Option<&Row>, notes: &mut Vec<String>) -> String {
    let Some(row) = row else { return "–".to_owned() };
    let word = word(row.result);
    if row.why.is_empty() {
        return word.to_owned();
    }
    if !notes.contains(&row.why) {
        notes.push(row.why.clone());
    }
    let number = notes.iter().position(|note| *note == row.why).unwrap_or_default() + 1;
    format!("{word} ({number})")
}
