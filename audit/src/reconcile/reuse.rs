//! How often an assertion may be used, by what it was made for.
//!
//! A client that asks for an assertion uses it once. Two ways of using one again are known, and the log shows which may be
//! meant: a file that is refreshed, for then one caller asks for one pair again after a quarter of each assertion's life;
//! and a client that keeps an assertion for ten minutes and sends it for every resource, for which it has to live that long.

use std::collections::HashMap;

use super::bounds::{FILE_PART, FILE_READERS, FILE_SLACK, KEPT, KEPT_SLACK};
use super::logs::{Assertion, micros};
use super::names::Number;

/// How an assertion may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reuse {
    /// Once.
    Once,
    /// Once for each resource: it may have been kept.
    Kept,
    /// By several programs, for each resource: it was in a file.
    File,
}

impl Reuse {
    /// How often for one resource.
    pub(super) fn uses(self) -> u32 {
        match self {
            Self::Once | Self::Kept => 1,
            Self::File => FILE_READERS,
        }
    }
}

/// How each of a pair's assertions may be used; they are in order of time.
pub(super) fn of(assertions: &[Assertion]) -> Vec<Reuse> {
    let kept = |one: &Assertion| one.ends - one.made >= micros(KEPT - KEPT_SLACK);
    let mut found: Vec<_> =
        assertions.iter().map(|one| if kept(one) { Reuse::Kept } else { Reuse::Once }).collect();
    let mut before: HashMap<Number, usize> = HashMap::new();
    for (at, one) in assertions.iter().enumerate() {
        if let Some(before) = before.insert(one.caller, at)
            && refreshes(&assertions[before], one)
        {
            (found[before], found[at]) = (Reuse::File, Reuse::File);
        }
    }
    found
}

/// Whether one was asked for when it was time to replace the other in a file.
fn refreshes(before: &Assertion, after: &Assertion) -> bool {
    let part = (before.ends - before.made) / i64::from(FILE_PART);
    part > 0 && (after.made - before.made - part).abs() <= micros(FILE_SLACK)
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000;

    fn made(at_s: i64, life_s: i64, caller: Number) -> Assertion {
        Assertion { made: at_s * S, ends: (at_s + life_s) * S, pair: 0, key: 0, caller }
    }

    #[test]
    fn a_file_that_is_refreshed_is_known_by_its_pace_and_its_caller() {
        let file =
            [made(0, 300, 1), made(10, 300, 2), made(75, 300, 1), made(151, 300, 1), made(400, 300, 2)];
        assert_eq!(of(&file), [Reuse::File, Reuse::Once, Reuse::File, Reuse::File, Reuse::Once]);
        let clients = [made(0, 300, 1), made(30, 300, 1), made(200, 300, 1), made(3600, 300, 1)];
        assert_eq!(of(&clients), [Reuse::Once; 4], "asked at need");
    }

    #[test]
    fn only_what_lives_ten_minutes_can_be_kept() {
        assert_eq!(of(&[made(0, 599, 1), made(3600, 300, 1)]), [Reuse::Kept, Reuse::Once]);
        assert_eq!(of(&[made(0, 0, 1), made(0, 0, 1)]), [Reuse::Once; 2]);
    }
}
