//! What is said where a log's folder cannot be opened.

use std::path::Path;

use quoted::Quoted;

use crate::failure::Failure;

pub(super) fn at(dir: &Path, error: &ledger::Error) -> Failure {
    let title = format!("There is no log to read at {}: {error}", Quoted::path(dir));
    let detail = "Name the log's folder with --dir; it may be readable by the agent's user only.";
    Failure::usage("log-unreadable", title, detail)
}
