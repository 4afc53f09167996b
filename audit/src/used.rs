//! How often something happened, and when first and last.

use jiff::Timestamp;
use serde::Serialize;

use crate::words;

/// A count with its first and last time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Used {
    /// How often.
    pub signatures: u64,
    /// The earliest; nothing where no entry has a time.
    #[serde(serialize_with = "words::shown")]
    pub first: Option<Timestamp>,
    /// The latest.
    #[serde(serialize_with = "words::shown")]
    pub last: Option<Timestamp>,
}

impl Used {
    pub(crate) fn count(&mut self, time: Option<Timestamp>) {
        self.signatures += 1;
        if let Some(time) = time {
            self.first = Some(self.first.map_or(time, |first| first.min(time)));
            self.last = Some(self.last.map_or(time, |last| last.max(time)));
        }
    }
}
