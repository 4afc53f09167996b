//! A row of the table: what a kind of fault cost, and whether that is within bounds.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::table;

/// How long a recovery may take, where nothing has a limit of its own that comes before it.
pub const RECOVERY: Duration = Duration::from_secs(5);
/// How many PINs a token may refuse in one run.
pub const PIN_REFUSALS: u64 = 1;

/// One kind of fault, as often as it was made to happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub kind: String,
    pub runs: usize,
    pub released_unrecorded: usize,
    pub wrong_key: usize,
    pub stuck: usize,
    pub pin_refusals_max: u64,
    pub recovery_s_max: f64,
    #[serde(default = "recovery")]
    pub recovery_bound: Duration,
    /// Requests that were refused or cut off in the run where most were, and how many may be, where there is a bound.
    pub refused_max: usize,
    pub refused_bound: Option<usize>,
    /// What the figures are of.
    pub commit: String,
    /// Whether the log did not verify after all the runs.
    #[serde(default, skip_serializing_if = "is_false")]
    pub log_damaged: bool,
    /// The folders of runs that broke a bound, each with its `agent.log`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<PathBuf>,
}

impl Row {
    /// A row with nothing in it yet.
    pub fn new(kind: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            runs: 0,
            released_unrecorded: 0,
            wrong_key: 0,
            stuck: 0,
            pin_refusals_max: 0,
            recovery_s_max: 0.0,
            recovery_bound: RECOVERY,
            refused_max: 0,
            refused_bound: None,
            commit: table::commit(),
            log_damaged: false,
            kept: Vec::new(),
        }
    }

    /// The row of a kind that could not be made to happen.
    pub fn failed(kind: &str) -> Self {
        Self { stuck: 1, ..Self::new(kind) }
    }

    /// The same kind, as often as both were.
    pub fn and(self, other: Self) -> Self {
        Self {
            runs: self.runs + other.runs,
            released_unrecorded: self.released_unrecorded + other.released_unrecorded,
            wrong_key: self.wrong_key + other.wrong_key,
            stuck: self.stuck + other.stuck,
            pin_refusals_max: self.pin_refusals_max.max(other.pin_refusals_max),
            recovery_s_max: self.recovery_s_max.max(other.recovery_s_max),
            refused_max: self.refused_max.max(other.refused_max),
            log_damaged: self.log_damaged || other.log_damaged,
            kept: [self.kept, other.kept].concat(),
            ..other
        }
    }

    /// Whether it keeps every bound.
    pub fn holds(&self) -> bool {
        self.runs > 0
            && self.released_unrecorded == 0
            && self.wrong_key == 0
            && self.stuck == 0
            && self.pin_refusals_max <= PIN_REFUSALS
            && self.refused_bound.is_none_or(|bound| self.refused_max <= bound)
            && self.recovery_s_max <= self.recovery_bound.as_secs_f64()
            && !self.log_damaged
    }
}

fn recovery() -> Duration {
    RECOVERY
}

fn is_false(value: &bool) -> bool {
    !value
}
