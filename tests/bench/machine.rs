//! The machine that the figures are from. Without it they say nothing.

use crate::disk;
use crate::problem::Problem;
use serde::Serialize;
use std::fmt;
use std::fs;
use std::path::Path;
use std::thread;

/// What a reader must know to compare figures with their own.
#[derive(Debug, Serialize)]
pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    kernel: String,
    fdatasync_p50_us: f64,
}

impl Machine {
    /// Looks at this machine, and at the disk that holds the folder.
    pub(crate) fn look(folder: &Path) -> Result<Self, Problem> {
        let info = fs::read_to_string("/proc/cpuinfo").map_err(Problem::io("read /proc/cpuinfo"))?;
        let model =
            info.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(": "));
        Ok(Self {
            cpu: model.map_or("unknown", |(_, name)| name).to_owned(),
            cores: thread::available_parallelism().map_err(Problem::io("count the cores"))?.get(),
            kernel: rustix::system::uname().release().to_string_lossy().into_owned(),
            fdatasync_p50_us: disk::fdatasync_p50_us(folder)?.round(),
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cpu, cores, kernel, fdatasync_p50_us } = self;
        write!(f, "{cpu}, {cores} cores, Linux {kernel}, fdatasync p50 {fdatasync_p50_us} µs")
    }
}
