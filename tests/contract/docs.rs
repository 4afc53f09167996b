//! The table that is committed in docs/tokens.md: compared with what was seen, or written anew.

use std::fs;
use std::path::Path;

use tests::faults::table::{commit, short};

use crate::life::Row;
use crate::table::word;

/// The table lies between these lines.
const BEGIN: &str = "<!-- what `make contract` prints -->\n";
const END: &str = "<!-- until here -->";

/// Every row that the page does not tell as it was seen.
pub(crate) fn differences(page: &Path, rows: &[Row]) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let lines = parts(&text).1.lines().filter(|line| line.starts_with('|'));
    let cells: Vec<Vec<&str>> = lines.map(cells_of).collect();
    let told = |row: &Row| {
        let column = cells.first()?.iter().position(|name| *name == row.backend)?;
        cells.iter().find(|cells| cells.first() == Some(&row.case))?.get(column).copied()
    };
    let differs = rows.iter().filter(|row| told(row).map(word_of) != Some(word(row.result)));
    let what =
        |row: &Row| format!("{}: {} of {} is {}", page.display(), row.case, row.backend, word(row.result));
    differs.map(what).collect()
}

/// Puts the table of all backends into the page, with the commit that it was seen at.
pub(crate) fn update(page: &Path, new: &str) {
    let text = fs::read_to_string(page).unwrap();
    let (before, _, after) = parts(&text);
    fs::write(
        page,
        format!("{before}{BEGIN}\nAll of it was seen at commit {}.\n\n{new}\n{END}{after}", short(&commit())),
    )
    .unwrap();
}

/// The page before the table, the table, and the page after it.
fn parts(text: &str) -> (&str, &str, &str) {
    let (before, rest) = text.split_once(BEGIN).expect("the page has no place for the table");
    let (table, after) = rest.split_once(END).expect("the page's table has no end");
    (before, table, after)
}

fn cells_of(line: &str) -> Vec<&str> {
    line.trim_matches('|').split('|').map(str::trim).collect()
}

/// A cell without the number of its note.
fn word_of(cell: &str) -> &str {
    cell.split_once(" (").map_or(cell, |(word, _)| word)
}
