//! Durations as people write them: a whole number and one unit, `500ms`, `90s`, `5m`, `1h`.

use crate::problem::Fault;
use serde::{Deserialize, Deserializer, Serializer, de::Error as _};
use std::ops::RangeInclusive;
use std::time::Duration;

/// The units, largest first, in milliseconds.
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

pub(crate) fn parse(text: &str) -> Result<Duration, Fault> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at(digits);
    let millis = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, millis)| millis);
    count.parse::<u64>().ok().zip(millis).and_then(|(count, millis)| count.checked_mul(*millis)).map_or_else(
        || {
            let help = "write a whole number and one of ms, s, m, h, as \"10s\" or \"2m\"";
            Err(Fault::value(format!("{text:?} is not a duration"), help))
        },
        |millis| Ok(Duration::from_millis(millis)),
    )
}

/// The text that [`parse`] reads back; whole milliseconds only.
pub(crate) fn text(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let (unit, size) =
        UNITS.into_iter().find(|(_, size)| millis > 0 && millis % size == 0).unwrap_or(("s", 1_000));
    format!("{}{unit}", millis / size)
}

/// Refuses a duration outside its limits.
pub(crate) fn within(duration: Duration, limits: &RangeInclusive<Duration>) -> Result<(), Fault> {
    let (least, most) = (text(*limits.start()), text(*limits.end()));
    let complaint = match duration {
        d if d < *limits.start() => format!("{:?} is shorter than {least}", text(d)),
        d if d > *limits.end() => format!("{:?} is longer than {most}", text(d)),
        _ => return Ok(()),
    };
    Err(Fault::new("out-of-range", complaint, format!("write a duration from {least} to {most}")))
}

pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&text(*duration))
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_written_duration_reads_back(millis in 0_u64..10_000_000_000) {
            let duration = Duration::from_millis(millis);
            prop_assert_eq!(parse(&text(duration)).unwrap(), duration);
        }
    }

    #[test]
    fn what_is_not_a_number_and_a_unit_is_refused() {
        for bad in
            ["", "5", "m", "5 m", "-5m", "5m30s", "1.5s", "5M", "99999999999999999999h", "9999999999999999h"]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
