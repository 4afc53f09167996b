//! How many sign-ins a set of assertions can explain at most: points in time, intervals that hold them, and how often each
//! interval may be used. Whichever ends first is used first, which leaves as few points over as can be (Glover 1967).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// From when to when an assertion explains sign-ins, in µs since 1970, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) begins: i64,
    pub(super) ends: i64,
    pub(super) uses: u32,
}

/// Which interval explains each point, if any. Both come in order of time.
pub(super) fn largest(points: &[i64], intervals: &[Interval]) -> Vec<Option<usize>> {
    let mut open = BinaryHeap::new();
    let mut coming = intervals.iter().enumerate().peekable();
    let mut explain = |time: i64| {
        while let Some((at, interval)) = coming.next_if(|(_, interval)| interval.begins <= time) {
            open.push(Reverse((interval.ends, at, interval.uses)));
        }
        loop {
            let Reverse((ends, at, uses)) = open.pop()?;
            if ends < time || uses == 0 {
                continue;
            }
            open.push(Reverse((ends, at, uses - 1)));
            return Some(at);
        }
    };
    points.iter().map(|time| explain(*time)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    impl Interval {
        fn holds(&self, time: i64) -> bool {
            (self.begins..=self.ends).contains(&time)
        }
    }

    /// The same by trying everything.
    fn most(points: &[i64], intervals: &mut [Interval]) -> usize {
        let Some((time, rest)) = points.split_first() else { return 0 };
        let mut best = most(rest, intervals);
        for at in 0..intervals.len() {
            if intervals[at].uses > 0 && intervals[at].holds(*time) {
                intervals[at].uses -= 1;
                best = best.max(1 + most(rest, intervals));
                intervals[at].uses += 1;
            }
        }
        best
    }

    proptest! {
        #[test]
        fn no_other_way_explains_more(
            mut points in prop::collection::vec(0..20_i64, 0..6),
            intervals in prop::collection::vec((0..20_i64, 0..8_i64, 0..3_u32), 0..5),
        ) {
            points.sort_unstable();
            let mut intervals: Vec<_> = intervals
                .into_iter()
                .map(|(begins, length, uses)| Interval { begins, ends: begins + length, uses })
                .collect();
            intervals.sort_by_key(|interval| interval.begins);
            let found = largest(&points, &intervals);
            for (point, at) in points.iter().zip(&found) {
                prop_assert!(at.is_none_or(|at| intervals[at].holds(*point)));
            }
            for (at, interval) in intervals.iter().enumerate() {
                prop_assert!(found.iter().filter(|found| **found == Some(at)).count() <= interval.uses as usize);
            }
            prop_assert_eq!(found.iter().flatten().count(), most(&points, &mut intervals));
        }
    }
}
