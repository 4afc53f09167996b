//! What is measured once, beside the rounds: how long a connector's tenants take to load, and a start beside a long log.

use crate::latency::median;
use crate::problem::Problem;
use crate::site::{Places, Site};
use crate::start;
use hsm_config::{Tenants, TenantsFile};
use serde::Serialize;
use std::fmt;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

/// How often the tenants are loaded.
const LOADS: usize = 5;

/// The record of `once.json`. Times are medians.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Once {
    pub(crate) tenants: usize,
    pub(crate) tenants_load_ms: f64,
    pub(crate) log_entries: u64,
    pub(crate) start_ms: f64,
}

impl Once {
    /// Measures on the site of an agent that has ended.
    pub(crate) fn measure(places: &Places, site: &Site) -> Result<Self, Problem> {
        let (tenants, tenants_load_ms) = load_tenants(places)?;
        let (log_entries, start_ms) = start::measure(places, site)?;
        Ok(Self { tenants, tenants_load_ms, log_entries, start_ms })
    }
}

impl fmt::Display for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tenants, tenants_load_ms, log_entries, start_ms } = self;
        writeln!(
            f,
            "{tenants} tenants load in {tenants_load_ms:.0} ms. Killed and started beside {log_entries} entries, the agent signs after {start_ms:.0} ms."
        )
    }
}

fn load_tenants(places: &Places) -> Result<(usize, f64), Problem> {
    let path = places.state.join("tenants.csv");
    let (mut rows, mut took) = (0, Vec::new());
    for _ in 0..LOADS {
        let began = Instant::now();
        let tenants = black_box(tenants(&path)?);
        took.push(began.elapsed().as_secs_f64() * 1e3);
        rows = tenants.len();
    }
    Ok((rows, median(took)))
}

/// As the agent loads them: read, written down sorted, and looked at by the front.
fn tenants(path: &Path) -> Result<Tenants, Problem> {
    let read = TenantsFile::load(path).map_err(|problems| Problem::Agent(problems.to_string()))?;
    let rows = token::memfd::memory().map_err(Problem::io("make a file in memory"))?;
    read.write(&rows).map_err(Problem::io("write the tenants"))?;
    Tenants::open(rows).map_err(Problem::io("open the tenants"))
}
