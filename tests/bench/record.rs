//! One line of the table: what the rounds say about one algorithm on so many connections.

use crate::algorithm::Algorithm;
use crate::direct::Figures;
use crate::latency::median;
use crate::machine::Machine;
use crate::once::Once;
use crate::problem::Problem;
use crate::rounds::{Round, Served};
use serde::Serialize;
use std::fs;
use std::path::Path;

/// The direct driver's threads whose throughput is the reference.
const REFERENCE_THREADS: usize = 2;

/// A record of `load.json`. Throughput and latencies are medians over the rounds.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Record {
    pub(crate) backend: &'static str,
    pub(crate) algorithm: Algorithm,
    pub(crate) connections: usize,
    pub(crate) direct_per_s: f64,
    pub(crate) agent_per_s: f64,
    /// The median of the rounds' ratios, not the ratio of the medians.
    pub(crate) ratio: f64,
    pub(crate) ratio_min: f64,
    pub(crate) ratio_max: f64,
    /// Beyond one thread's direct signature; on one connection only, for on more a request waits for others.
    pub(crate) added_p50_us: Option<f64>,
    pub(crate) added_p99_us: Option<f64>,
    /// Front, supervisor and host, less what a direct signature of the same round took.
    pub(crate) own_cpu_us_per_signature: f64,
    /// With the tenants' tables, which are not resident in it.
    pub(crate) front_rss_mib: f64,
    pub(crate) host_rss_mib: f64,
}

impl Record {
    /// Folds the rounds of one algorithm.
    pub(crate) fn of(algorithm: Algorithm, connections: usize, rounds: &[Round]) -> Self {
        let pairs = |threads| {
            let pair = move |round: &'_ Round| {
                Some((round.direct(threads)?.clone(), round.agent(connections)?.clone()))
            };
            rounds.iter().filter_map(pair).collect::<Vec<(Figures, Served)>>()
        };
        let reference = pairs(REFERENCE_THREADS);
        // A lone caller is served by one lane at a time: compared with one thread, on a core of its own.
        let alike = pairs(connections.min(REFERENCE_THREADS));
        let over = |pairs: &[(Figures, Served)], figure: fn(&Figures, &Served) -> f64| {
            median(pairs.iter().map(|(direct, served)| figure(direct, served)))
        };
        let lone = |figure| (connections == 1).then(|| round_to(1, over(&alike, figure)));
        let ratios = reference.iter().map(|(direct, served)| served.outcome.per_s / direct.per_s);
        Self {
            backend: "softhsm2",
            algorithm,
            connections,
            direct_per_s: round_to(0, over(&reference, |direct, _| direct.per_s)),
            agent_per_s: round_to(0, over(&reference, |_, served| served.outcome.per_s)),
            ratio: round_to(3, median(ratios.clone())),
            ratio_min: round_to(3, ratios.clone().fold(f64::INFINITY, f64::min)),
            ratio_max: round_to(3, ratios.fold(0.0, f64::max)),
            added_p50_us: lone(|direct, served| served.outcome.p50_us - direct.p50_us),
            added_p99_us: lone(|direct, served| served.outcome.p99_us - direct.p99_us),
            own_cpu_us_per_signature: round_to(1, over(&alike, own_cpu)),
            front_rss_mib: round_to(1, over(&reference, |_, served| served.front_rss_mib)),
            host_rss_mib: round_to(1, over(&reference, |_, served| served.host_rss_mib)),
        }
    }
}

/// Writes `load.json`, `once.json` and `machine.json`.
pub(crate) fn write(out: &Path, machine: &Machine, records: &[Record], once: &Once) -> Result<(), Problem> {
    let load = serde_json::to_string_pretty(records).map_err(|e| Problem::Figures("the records", e))?;
    let machine = serde_json::to_string_pretty(machine).map_err(|e| Problem::Figures("the machine", e))?;
    let once =
        serde_json::to_string_pretty(once).map_err(|e| Problem::Figures("what was measured once", e))?;
    for (name, text) in [("load.json", load), ("once.json", once), ("machine.json", machine)] {
        let path = out.join(name);
        fs::write(&path, text + "\n").map_err(Problem::at("write", &path))?;
    }
    Ok(())
}

fn own_cpu(direct: &Figures, served: &Served) -> f64 {
    served.cpu_us_per_signature - direct.cpu_us_per_signature
}

fn round_to(digits: i32, figure: f64) -> f64 {
    let unit = 10_f64.powi(digits);
    (figure * unit).round() / unit
}
