use attest::{Malformed, Outcome, Report, Timestamp};

use super::page;

#[test]
fn a_page_says_first_what_the_answer_is() {
    let report = Report::malformed(&Malformed::Empty, Timestamp::UNIX_EPOCH);
    let page = page::outcome(&Outcome::Key(Box::new(report))).join("\n");
    insta::assert_snapshot!(page, @r"
    NOT ACCEPTED: The evidence cannot be parsed: there is nothing in it.
    MALFORMED: the evidence cannot be read.

    What was asked:
      valid at      1970-01-01T00:00:00Z

    error [malformed]: The evidence cannot be parsed: there is nothing in it.
    ");
}
