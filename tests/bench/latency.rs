//! Latencies of one measurement, and their percentiles.

use std::time::Duration;

/// Room made before the clock runs, in samples, so that no measurement pays for growing.
const ROOM: usize = 1 << 20;

/// Every latency of one measurement.
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn new() -> Self {
        Self(Vec::with_capacity(ROOM))
    }

    pub(crate) fn push(&mut self, latency: Duration) {
        self.0.push(latency);
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The median and the 99th percentile, in µs: each the smallest sample that so many do not exceed.
    pub(crate) fn p50_p99_us(mut self) -> (f64, f64) {
        self.0.sort_unstable();
        (self.percentile_us(50), self.percentile_us(99))
    }

    fn percentile_us(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(rank).map_or(0.0, |latency| latency.as_secs_f64() * 1e6)
    }
}

/// The median of figures that were measured in different rounds.
pub(crate) fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_unstable_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.as_slice() {
        [] => 0.0,
        odd if odd.len() % 2 == 1 => odd[middle],
        even => f64::midpoint(even[middle - 1], even[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_99th_percentile_of_a_hundred_is_the_99th() {
        let latencies = Latencies((1..=100).rev().map(Duration::from_micros).collect());
        let (p50, p99) = latencies.p50_p99_us();
        assert_eq!((p50.round(), p99.round()), (50.0, 99.0));
    }

    #[test]
    fn a_median_of_even_many_lies_between_the_two_in_the_middle() {
        assert_eq!(median([4.0, 1.0, 3.0, 2.0]).to_string(), "2.5");
        assert_eq!(median([9.0, 1.0, 2.0]).to_string(), "2");
    }
}
