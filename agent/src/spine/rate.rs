//! A token bucket for one rule: a caller may ask `count` times in `per`, in bursts of at most `count`.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use hsm_config::Rate;

/// A rule's bucket. It starts full.
#[derive(Debug)]
pub struct Bucket {
    rate: Rate,
    state: Mutex<(f64, Instant)>,
}

impl Bucket {
    /// A full bucket.
    pub fn new(rate: Rate, now: Instant) -> Self {
        Self { rate, state: Mutex::new((f64::from(rate.count), now)) }
    }

    /// Takes one, or says how long until there is one.
    pub fn take(&self, now: Instant) -> Result<(), Duration> {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let per_second = f64::from(self.rate.count) / self.rate.per.as_secs_f64();
        let grown = now.saturating_duration_since(state.1).as_secs_f64() * per_second;
        let level = (state.0 + grown).min(f64::from(self.rate.count));
        *state = if level >= 1.0 { (level - 1.0, now) } else { (level, now) };
        if level >= 1.0 { Ok(()) } else { Err(Duration::from_secs_f64((1.0 - level) / per_second)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_empties_the_bucket_and_time_refills_it() {
        let start = Instant::now();
        let bucket = Bucket::new("2/s".parse().unwrap(), start);
        assert!(bucket.take(start).is_ok());
        assert!(bucket.take(start).is_ok());
        let wait = bucket.take(start).unwrap_err();
        assert!(bucket.take(start + wait / 2).is_err());
        assert!(bucket.take(start + wait + Duration::from_millis(1)).is_ok());
    }

    #[test]
    fn an_hour_of_silence_saves_up_one_burst_only() {
        let start = Instant::now();
        let bucket = Bucket::new("2/s".parse().unwrap(), start);
        let later = start + Duration::from_secs(3600);
        let taken = (0..10).filter(|_| bucket.take(later).is_ok()).count();
        assert_eq!(taken, 2);
    }
}
