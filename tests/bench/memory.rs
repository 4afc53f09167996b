//! Resident memory of a process: VmRSS of /proc/PID/status.

use crate::problem::Problem;
use std::fs;
use std::path::Path;

/// The memory that a process holds now, in MiB.
pub(crate) fn resident_mib(pid: u32) -> Result<f64, Problem> {
    let path = format!("/proc/{pid}/status");
    let text = fs::read_to_string(&path).map_err(Problem::at("read", Path::new(&path)))?;
    let field = text.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next());
    let kib: f64 = field.and_then(|number| number.parse().ok()).unwrap_or_default();
    if kib > 0.0 {
        Ok(kib / 1024.0)
    } else {
        Err(Problem::Agent(format!("process {pid} holds no memory: it has ended")))
    }
}
