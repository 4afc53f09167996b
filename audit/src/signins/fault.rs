//! Why a file of sign-ins cannot be read: the line, and what is wrong there.

use std::io;

use quoted::Quoted;

use super::{MAX_COLUMNS, MAX_DEPTH, MAX_ROW_BYTES};

/// What is wrong with a file, and where; whoever prints it puts the file's name in front.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}: {what}")]
pub struct Fault {
    /// The line on which what is wrong begins, from 1.
    pub line: u64,
    /// What is wrong; words of the file are quoted.
    pub what: String,
}

impl Fault {
    pub(crate) fn at(line: u64, what: impl Into<String>) -> Self {
        Self { line, what: what.into() }
    }

    pub(super) fn unreadable(line: u64, error: &io::Error) -> Self {
        Self::at(line, format!("the file cannot be read on from here: {error}"))
    }

    pub(super) fn cut(line: u64) -> Self {
        Self::at(line, "the file ends within what begins here: it is not whole; fetch it again")
    }

    pub(super) fn json(line: u64, error: &serde_json::Error) -> Self {
        // serde repeats what it could not read.
        Self::at(line, format!("this is no JSON of a sign-in: {}", Quoted(error.to_string())))
    }

    pub(super) fn long(line: u64) -> Self {
        let most = MAX_ROW_BYTES >> 20;
        Self::at(line, format!("what begins here is longer than {most} MiB, as no sign-in is"))
    }

    pub(super) fn deep(line: u64) -> Self {
        Self::at(line, format!("JSON is nested more than {MAX_DEPTH} deep, as no sign-in is"))
    }

    pub(super) fn wide(line: u64) -> Self {
        Self::at(line, format!("the row has more than {MAX_COLUMNS} columns, as no sign-in has"))
    }

    pub(super) fn utf16() -> Self {
        Self::at(1, "the file is UTF-16, as older PowerShells write it; convert it: iconv -f UTF-16 -t UTF-8")
    }
}
