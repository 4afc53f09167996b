//! Problems: everything that is wrong with a file, each with its place and its remedy.
//!
//! A [`Fault`] is a value's own complaint, made where the value is parsed and where no file is known. A
//! [`Problem`] is a fault with its place. Neither ever quotes a value that could be a PIN.

use crate::document::{At, Document};
use quoted::{Plain, one_line};
use serde::Serialize;
use std::fmt;
use std::path::{Path, PathBuf};

/// Separates the two halves of a fault while serde, which has one string for an error, carries it.
pub(crate) const HELP_MARK: &str = "\nhelp: ";

/// What is wrong with one value, and what to do; not yet tied to a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}{HELP_MARK}{help}")]
pub struct Fault {
    /// A stable word for programs.
    pub code: &'static str,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: String,
}

impl Fault {
    /// What is wrong under a stable word, and what to do.
    pub fn new(code: &'static str, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { code, what: what.into(), help: help.into() }
    }

    /// A value that its own type refuses.
    pub(crate) fn value(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self::new("bad-value", what, help)
    }
}

/// One thing that is wrong with a file, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; 0 where the file as a whole is meant.
    pub line: u32,
    /// The column in characters, from 1; 0 where the line or the file as a whole is meant.
    pub column: u32,
    /// The dotted key, as `connectors.de.lifetime`; empty where there is none.
    pub at: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: String,
    /// A stable word for programs, as `unknown-field`.
    pub code: &'static str,
}

impl Problem {
    /// A fault of a file as a whole.
    pub(crate) fn of_file(file: &Path, fault: Fault) -> Self {
        Self::on_line(file, 0, fault)
    }

    /// A fault that was found later, where the key of a configuration meets the machine: `at` is its way, as
    /// `["callers", "a", "user"]`, and `text` what the file held.
    pub fn of_key(file: &Path, text: &str, at: &[&str], fault: Fault) -> Self {
        let at = at.iter().fold(At::default(), |at, key| at.key(key));
        match Document::parse(text, file) {
            Ok(document) => document.problem(document.locate(&at), &at, fault),
            // It was read before, or nobody would have a key to look up.
            Err(_) => Self { at: at.to_string(), ..Self::of_file(file, fault) },
        }
    }

    /// A fault of a whole line.
    pub(crate) fn on_line(file: &Path, line: u32, fault: Fault) -> Self {
        let Fault { code, what, help } = fault;
        Self { file: file.to_owned(), line, column: 0, at: String::new(), what, help, code }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", Plain::path(&self.file))?;
        for position in [self.line, self.column].into_iter().filter(|p| *p > 0) {
            write!(f, "{position}:")?;
        }
        if !self.at.is_empty() {
            write!(f, " {}:", self.at)?;
        }
        write!(f, " {}\n  help: {}", one_line(&self.what), one_line(&self.help))
    }
}

/// All that is wrong, in the order of the file; never empty when it is an error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// The problems, in the order of the file.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    pub(crate) fn iter_mut(&mut self) -> std::slice::IterMut<'_, Problem> {
        self.0.iter_mut()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Takes over what another reading found.
    pub fn extend(&mut self, others: Problems) {
        self.0.extend(others.0);
    }

    pub(crate) fn sorted(mut self) -> Self {
        self.0.sort_by_key(|p| (p.line, p.column));
        self
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let gap = if index == 0 { "" } else { "\n" };
            write!(f, "{gap}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
