//! The CPU time that the agent's processes have used.
//!
//! /proc counts in ticks of 10 ms; over a measurement of seconds that is below a hundredth.

use crate::problem::Problem;
use crate::processes::{Processes, stat};
use rustix::param::clock_ticks_per_second;
use std::time::Duration;

/// Where utime and stime stand among the fields that [`stat`] gives (proc(5): the 14th and 15th of the file).
const UTIME_STIME: std::ops::RangeInclusive<usize> = 11..=12;

/// User and system time of all of the agent's processes since they began.
pub(crate) fn used(processes: &Processes) -> Result<Duration, Problem> {
    let mut ticks = 0;
    for pid in processes.all() {
        let fields = stat(pid)?;
        let times = fields.get(UTIME_STIME).unwrap_or_default();
        ticks += times.iter().filter_map(|field| field.parse::<u64>().ok()).sum::<u64>();
    }
    Ok(Duration::from_secs_f64(ticks as f64 / clock_ticks_per_second() as f64))
}
