//! The rows as JSON, and as the table in docs/faults.md.

use std::process::Command;
use std::sync::OnceLock;

use super::run::Row;

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
