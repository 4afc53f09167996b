//! Times as the exports write them; what names no zone is UTC, which all of them are in.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

/// The portal's and Log Analytics' CSV: `9/27/2026, 10:00:00.000 AM`.
const PORTAL: [&str; 2] = ["%m/%d/%Y, %I:%M:%S%.f %p", "%m/%d/%Y %I:%M:%S%.f %p"];
/// What Windows PowerShell makes of a time in JSON: milliseconds since 1970.
const POWERSHELL: (&str, &str) = ("/Date(", ")/");

pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    if let Some(ms) = text.strip_prefix(POWERSHELL.0).and_then(|text| text.strip_suffix(POWERSHELL.1)) {
        return Timestamp::from_millisecond(ms.parse().ok()?).ok();
    }
    let portal = || PORTAL.iter().find_map(|form| strtime::parse(form, text).ok()?.to_datetime().ok());
    let civil: DateTime = text.parse().ok().or_else(portal)?;
    civil.to_zoned_datetime(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_each_export_writes_it() {
        for (text, meant) in [
            ("2026-11-30T14:00:05Z", "2026-11-30T14:00:05Z"),
            ("2026-11-30T14:00:05.1234567Z", "2026-11-30T14:00:05.1234567Z"),
            ("2026-11-30T15:00:05+01:00", "2026-11-30T14:00:05Z"),
            ("2026-11-30 14:00:05", "2026-11-30T14:00:05Z"),
            ("11/30/2026, 2:00:05.250 PM", "2026-11-30T14:00:05.25Z"),
            ("9/7/2026, 12:00:00.000 AM", "2026-09-07T00:00:00Z"),
            ("9/7/2026 12:00:00 PM", "2026-09-07T12:00:00Z"),
            ("/Date(1764511205000)/", "2025-11-30T14:00:05Z"),
        ] {
            assert_eq!(parse(text), Some(meant.parse().unwrap()), "{text}");
        }
        for text in ["", "noon", "30/11/2026, 2:00:05 PM", "2026-13-01T00:00:00Z", "/Date(x)/", "1764511205"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
