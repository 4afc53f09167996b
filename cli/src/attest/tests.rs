use attest::{Malformed, Report, Timestamp};

use super::page;

#[test]
fn a_page_says_first_what_the_answer_is() {
    let report = Report::malformed(&Malformed::Empty, Timestamp::UNIX_EPOCH);
    assert!(page::report(&report).starts_with("MALFORMED"));
}
