//! A finding: one thing that whoever relies on the verdict should know, with a stable code.

use std::fmt;

use serde::Serialize;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The answer is no.
    Error,
    /// A person should decide.
    Warning,
    /// Good to know.
    Info,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        })
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How much it matters.
    pub level: Level,
    /// Stable, for programs.
    pub code: &'static str,
    /// What was found, and what follows, for people. May quote the evidence.
    pub message: String,
}

impl Finding {
    /// The answer is no.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self { level: Level::Error, code, message: message.into() }
    }

    /// A person should decide.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self { level: Level::Warning, code, message: message.into() }
    }

    /// Good to know.
    pub fn info(code: &'static str, message: impl Into<String>) -> Self {
        Self { level: Level::Info, code, message: message.into() }
    }
}
