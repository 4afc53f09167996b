//! When the assertions of one pair live, with all tolerance, and which of them at a given time.
//!
//! They are in order of time, so that those of one time are found in a window, whatever else there is.

use std::ops::Range;

use super::bounds::CLOCK_SKEW;
use super::credential::By;
use super::logs::{Assertion, micros};
use super::matching::Interval;

/// Assertions as times.
pub(super) struct Lives<'c> {
    assertions: &'c [Assertion],
    intervals: Vec<Interval>,
    /// The longest interval.
    longest: i64,
}

impl<'c> Lives<'c> {
    pub(super) fn of(assertions: &'c [Assertion]) -> Self {
        let skew = micros(CLOCK_SKEW);
        let interval = |one: &Assertion| Interval { begins: one.made - skew, ends: one.ends + skew, uses: 1 };
        let intervals: Vec<_> = assertions.iter().map(interval).collect();
        let longest = intervals.iter().map(|one| one.ends - one.begins).max().unwrap_or(0);
        Self { assertions, intervals, longest }
    }

    pub(super) fn interval(&self, at: usize) -> Interval {
        self.intervals[at]
    }

    pub(super) fn longest(&self) -> i64 {
        self.longest
    }

    /// Whether an assertion can be that credential's.
    pub(super) fn is_by(&self, by: By, at: usize) -> bool {
        match by {
            By::Key(key) => self.assertions[at].key == key,
            By::Untold => true,
            By::Other(_) => false,
        }
    }

    /// Those of that key which live at some time between these.
    pub(super) fn live(&self, by: By, from: i64, until: i64) -> impl Iterator<Item = usize> {
        self.window(from, until).filter(move |at| self.intervals[*at].ends >= from && self.is_by(by, *at))
    }

    /// All that may live at one of these times, which are in order; each once.
    pub(super) fn near(&self, times: &[i64]) -> impl Iterator<Item = usize> {
        let mut end = 0;
        times.iter().flat_map(move |time| {
            let window = self.window(*time, *time);
            let begins = window.start.max(end);
            end = end.max(window.end);
            begins..window.end
        })
    }

    /// Those that have begun by then, and not so long before that none could still live.
    fn window(&self, from: i64, until: i64) -> Range<usize> {
        let oldest = from.saturating_sub(self.longest);
        let begins = self.intervals.partition_point(|one| one.begins < oldest);
        begins..self.intervals.partition_point(|one| one.begins <= until)
    }
}
