//! How long the disk takes to make one ledger entry durable, which bounds a lone caller's latency.

use crate::latency::Latencies;
use crate::problem::Problem;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// The length of a typical intent, in bytes.
const ENTRY_BYTES: usize = 600;
const APPENDS: usize = 300;

/// The median time of an append and its fdatasync in this folder, in µs.
pub(crate) fn fdatasync_p50_us(folder: &Path) -> Result<f64, Problem> {
    let path = folder.join("fdatasync-trial");
    let mut file = File::create(&path).map_err(Problem::at("create", &path))?;
    let mut latencies = Latencies::new();
    for _ in 0..APPENDS {
        let before = Instant::now();
        file.write_all(&[b'x'; ENTRY_BYTES])
            .and_then(|()| file.sync_data())
            .map_err(Problem::at("write", &path))?;
        latencies.push(before.elapsed());
    }
    fs::remove_file(&path).map_err(Problem::at("remove", &path))?;
    Ok(latencies.p50_p99_us().0)
}
