//! Times as people type them: a whole one (RFC 3339), a date, `today`, `yesterday`, or how long ago. All in UTC, as the log has
//! them.

use jiff::SignedDuration;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use ledger::Timestamp;

const HELP: &str = "write a time as 2026-11-30T14:00:00Z, a date as 2026-11-30, today, yesterday, or how long ago as 2h, 3d or 90m";

/// The time that a text means; dates, and what is counted back from now, in UTC.
pub(super) fn parse(text: &str) -> Result<Timestamp, String> {
    at(text.trim(), Timestamp::now()).ok_or_else(|| HELP.to_owned())
}

fn at(text: &str, now: Timestamp) -> Option<Timestamp> {
    let today = now.to_zoned_datetime(TimeZone::UTC).date();
    match text {
        "now" => Some(now),
        "today" => midnight(today),
        "yesterday" => midnight(today.yesterday().ok()?),
        text if text.ends_with(['Z', 'z']) || text.contains(['T', 't']) => text.parse().ok(),
        text => match text.parse::<Date>() {
            Ok(date) if text.contains('-') => midnight(date),
            _ => ago(text, now),
        },
    }
}

/// Before now by so many seconds, minutes, hours, days or weeks. A word for each would be another program's language.
fn ago(text: &str, now: Timestamp) -> Option<Timestamp> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let count = digits.parse::<u32>().ok().map(i64::from)?;
    let unit_s = match &text[digits.len()..] {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        "w" => 7 * 24 * 3600,
        _ => return None,
    };
    now.checked_sub(SignedDuration::from_secs(count * unit_s)).ok()
}

fn midnight(date: Date) -> Option<Timestamp> {
    date.to_zoned_datetime(TimeZone::UTC).map(|zoned| zoned.timestamp()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_people_type_it() {
        let now = "2026-11-30T14:00:05Z".parse().unwrap();
        for (text, meant) in [
            ("2026-11-30T13:00:00Z", "2026-11-30T13:00:00Z"),
            ("2026-11-30T14:00:00+01:00", "2026-11-30T13:00:00Z"),
            ("2026-11-29", "2026-11-29T00:00:00Z"),
            ("today", "2026-11-30T00:00:00Z"),
            ("yesterday", "2026-11-29T00:00:00Z"),
            ("now", "2026-11-30T14:00:05Z"),
            ("5s", "2026-11-30T14:00:00Z"),
            ("90m", "2026-11-30T12:30:05Z"),
            ("2h", "2026-11-30T12:00:05Z"),
            ("3d", "2026-11-27T14:00:05Z"),
            ("1w", "2026-11-23T14:00:05Z"),
        ] {
            assert_eq!(at(text, now), Some(meant.parse().unwrap()), "{text}");
        }
        for text in
            ["", "2", "2 h", "h", "-2h", "2x", "2026-11", "2026-11-31", "noon", "99999999999h", "4294967295w"]
        {
            assert_eq!(at(text, now), None, "{text}");
        }
    }
}
