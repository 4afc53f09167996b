//! Which token is asked first.

use super::*;

/// A wait of so many milliseconds, after so many signatures.
fn load(token: &Name, wait: u64, signed: u64) -> Load<'_> {
    Load { token, is_doubtful: false, wait: Duration::from_millis(wait), signed }
}

fn failed(load: Load<'_>) -> Load<'_> {
    Load { is_doubtful: true, ..load }
}

#[test]
fn the_one_that_answers_first_is_asked_however_much_it_signed() {
    let [fast, slow] = ["fast", "slow"].map(|name| name.parse::<Name>().unwrap());
    assert_eq!(first(&[load(&slow, 200, 0), load(&fast, 8, 1000)]), Some(&fast));
    // With a queue before it, the slow one is the first to answer.
    assert_eq!(first(&[load(&slow, 200, 0), load(&fast, 400, 1000)]), Some(&slow));
}

#[test]
fn of_those_about_as_fast_the_one_that_signed_least_is_asked() {
    let [one, other] = ["one", "other"].map(|name| name.parse::<Name>().unwrap());
    assert_eq!(first(&[load(&one, 8, 10), load(&other, 10, 9)]), Some(&other));
    assert_eq!(first(&[load(&one, 8, 10), load(&other, 11, 9)]), Some(&one));
}

#[test]
fn one_that_failed_just_now_is_asked_last_and_all_the_same_where_there_is_no_other() {
    let [good, bad] = ["good", "bad"].map(|name| name.parse::<Name>().unwrap());
    assert_eq!(first(&[failed(load(&bad, 1, 0)), load(&good, 400, 1000)]), Some(&good));
    assert_eq!(first(&[failed(load(&bad, 1, 0)), failed(load(&good, 1, 1))]), Some(&bad));
    assert_eq!(first(&[failed(load(&bad, 400, 0))]), Some(&bad));
    assert_eq!(first(&[]), None);
}
