//! The rows as the table in docs/faults.md, and what they are of.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

use super::row::{RECOVERY, Row};

/// The table lies between these lines.
const BEGIN: &str = "<!-- what `make faults` saw -->\n";
const END: &str = "<!-- until here -->";
const HEAD: &str = "\
| kind of fault | runs | released unrecorded | by a wrong key | stuck | PIN refusals, most | recovery, longest | refused, most | of at most |
|---|--:|--:|--:|--:|--:|--:|--:|--:|
";
/// In the place of a bound where there is none.
const ANY: &str = "any";
/// Between a recovery and its bound, where that is a longer one than that of the others.
const OF: &str = " of ";
/// How much of a commit's name is shown.
const SHORT: usize = 12;

/// Markdown.
pub fn markdown(rows: &[Row]) -> String {
    rows.iter().map(line).fold(HEAD.to_owned(), |table, line| table + &line)
}

/// One row.
pub fn line(row: &Row) -> String {
    let Row { kind, runs, released_unrecorded, wrong_key, stuck, pin_refusals_max, recovery_s_max, .. } = row;
    let Row { refused_max, refused_bound, .. } = row;
    let recovery = match row.recovery_bound {
        RECOVERY => format!("{recovery_s_max:.2} s"),
        longer => format!("{recovery_s_max:.2} s{OF}{} s", longer.as_secs()),
    };
    let bound = refused_bound.map_or(ANY.to_owned(), |bound| bound.to_string());
    format!(
        "| {kind} | {runs} | {released_unrecorded} | {wrong_key} | {stuck} | {pin_refusals_max} | {recovery} | \
         {refused_max} | {bound} |\n"
    )
}

/// The page with the rows in the place of those that it has.
pub fn told(page: &str, rows: &[Row]) -> String {
    let (before, _, after) = parts(page);
    format!("{before}{BEGIN}\n{}\n{}\n{END}{after}", origin(rows), markdown(rows))
}

/// The rows that a page has.
pub fn rows(page: &str) -> Vec<Row> {
    let lines = parts(page).1.lines().filter(|line| line.starts_with("| ")).skip(1);
    lines.map(|line| row(line).unwrap_or_else(|| panic!("not a row: {line}"))).collect()
}

/// A row out of its line; what has no bound is not read.
fn row(line: &str) -> Option<Row> {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [kind, runs, unrecorded, wrong_key, stuck, pins, recovery, refused, bound] = cells[..] else {
        return None;
    };
    let refused_bound = if bound == ANY { None } else { Some(bound.parse().ok()?) };
    let (recovery, recovery_bound) = match recovery.split_once(OF) {
        Some((recovery, bound)) => (recovery, Duration::from_secs(bound.strip_suffix(" s")?.parse().ok()?)),
        None => (recovery, RECOVERY),
    };
    Some(Row {
        kind: kind.to_owned(),
        runs: runs.parse().ok()?,
        released_unrecorded: unrecorded.parse().ok()?,
        wrong_key: wrong_key.parse().ok()?,
        stuck: stuck.parse().ok()?,
        pin_refusals_max: pins.parse().ok()?,
        recovery_s_max: recovery.strip_suffix(" s")?.parse().ok()?,
        recovery_bound,
        refused_max: if refused_bound.is_some() { refused.parse().ok()? } else { 0 },
        refused_bound,
        commit: String::new(),
        log_damaged: false,
        kept: Vec::new(),
    })
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
