//! A rate: how many requests a caller may send in how long, as `50/s` or `600/m`.

use crate::problem::Fault;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The most requests that a rate may name in one of its periods.
const MAX_COUNT: u32 = 1_000_000;
const PERIODS: [(&str, u64); 3] = [("s", 1), ("m", 60), ("h", 3_600)];

/// `count` requests in every `per`.
///
/// ```
/// use hsm_config::Rate;
/// let rate: Rate = "600/m".parse().unwrap();
/// assert_eq!((rate.count, rate.per.as_secs()), (600, 60));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String", extend("pattern" = "^[1-9][0-9]*/[smh]$"))]
pub struct Rate {
    /// How many requests; at least 1.
    pub count: u32,
    /// In how long: a second, a minute or an hour.
    pub per: Duration,
}

impl FromStr for Rate {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let parsed = text.split_once('/').and_then(|(count, unit)| {
            let (_, seconds) = PERIODS.into_iter().find(|(name, _)| *name == unit)?;
            let digits = count.bytes().all(|b| b.is_ascii_digit());
            let count = count.parse().ok().filter(|n| digits && (1..=MAX_COUNT).contains(n))?;
            Some(Self { count, per: Duration::from_secs(seconds) })
        });
        parsed.ok_or_else(|| {
            let help = format!("write a number from 1 to {MAX_COUNT}, / and one of s, m, h, as \"50/s\"");
            Fault::value(format!("{text:?} is not a rate"), help)
        })
    }
}

impl TryFrom<String> for Rate {
    type Error = Fault;

    fn try_from(text: String) -> Result<Self, Fault> {
        text.parse()
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.to_string()
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.per.as_secs();
        let unit = PERIODS.into_iter().find(|(_, size)| *size == seconds).map_or("s", |(name, _)| name);
        write!(f, "{}/{unit}", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_rate_reads_back() {
        for good in ["1/s", "50/s", "600/m", "1000000/h"] {
            assert_eq!(good.parse::<Rate>().unwrap().to_string(), good);
        }
    }

    #[test]
    fn a_rate_of_nothing_or_without_a_unit_is_refused() {
        for bad in ["", "50", "50/", "/s", "0/s", "-1/s", "+5/s", "50/d", "50 / s", "1000001/s", "5/s/s"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }
}
