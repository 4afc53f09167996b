//! The rows as the table in docs/faults.md, and what they are of.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::OnceLock;

use super::row::Row;

/// The table lies between these lines.
const BEGIN: &str = "<!-- what `make faults` saw -->\n";
const END: &str = "<!-- until here -->";
/// How much of a commit's name is shown.
const SHORT: usize = 12;

/// Markdown.
pub fn markdown(rows: &[Row]) -> String {
    let head = "| kind of fault | runs | released unrecorded | by a wrong key | stuck | PIN refusals, most | recovery, longest |\n\
                |---|--:|--:|--:|--:|--:|--:|\n";
    rows.iter().map(line).fold(head.to_owned(), |table, line| table + &line)
}

/// One row.
pub fn line(row: &Row) -> String {
    let Row { kind, runs, released_unrecorded, wrong_key, stuck, pin_refusals_max, recovery_s_max, .. } = row;
    format!(
        "| {kind} | {runs} | {released_unrecorded} | {wrong_key} | {stuck} | {pin_refusals_max} | {recovery_s_max:.2} s |\n"
    )
}

/// The page with the rows in the place of those that it has.
pub fn told(page: &str, rows: &[Row]) -> String {
    let (before, _, after) = parts(page);
    format!("{before}{BEGIN}\n{}\n{}\n{END}{after}", origin(rows), markdown(rows))
}

/// The names of the kinds that a page has a row for.
pub fn kinds(page: &str) -> Vec<&str> {
    let rows = parts(page).1.lines().filter_map(|line| line.strip_prefix("| "));
    rows.skip(1).filter_map(|line| line.split_once(" |")).map(|(kind, _)| kind).collect()
}

/// The commits that the rows were seen at, in a sentence.
fn origin(rows: &[Row]) -> String {
    let commits: BTreeSet<String> = rows.iter().map(|row| short(&row.commit)).collect();
    let named: Vec<String> = commits.into_iter().collect();
    match &named[..] {
        [one] => format!("All rows were seen at commit {one}.\n"),
        many => format!("The rows were seen at different commits: {}.\n", many.join(", ")),
    }
}

/// A commit's name as pages show it.
pub fn short(commit: &str) -> String {
    let (name, changes) = commit.split_once('+').map_or((commit, ""), |(name, _)| (name, " with changes"));
    format!("`{}`{changes}", name.get(..SHORT).unwrap_or(name))
}

/// The page before the table, the table, and the page after it.
fn parts(page: &str) -> (&str, &str, &str) {
    let (before, rest) = page.split_once(BEGIN).expect("the page has no place for the table");
    let (table, after) = rest.split_once(END).expect("the page's table has no end");
    (before, table, after)
}

/// The commit that was checked out when this program began, with a mark where files differed from it.
pub fn commit() -> String {
    static COMMIT: OnceLock<String> = OnceLock::new();
    COMMIT.get_or_init(checked_out).clone()
}

fn checked_out() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output();
        output.ok().filter(|output| output.status.success())
    };
    let text = |output: std::process::Output| String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let Some(head) = git(&["rev-parse", "HEAD"]).map(text) else { return "unknown".to_owned() };
    let differs = git(&["status", "--porcelain", "--untracked-files=no"]).map(text);
    if differs.is_none_or(|files| files.is_empty()) { head } else { format!("{head}+changes") }
}
