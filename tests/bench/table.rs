//! The figures as a Markdown table, as it is committed among the docs.

use crate::machine::Machine;
use crate::record::Record;

const HEAD: &str = "\
| token | algorithm | connections | direct /s | agent /s | ratio (min to max) | added p50 µs | added p99 µs | own CPU µs | front MiB | host MiB |
|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|
";

/// The machine in a line, then one line for each record.
pub(crate) fn markdown(machine: &Machine, records: &[Record]) -> String {
    let lines: String = records.iter().map(line).collect();
    format!("{machine}\n\n{HEAD}{lines}")
}

fn line(record: &Record) -> String {
    let added = |us: Option<f64>| us.map_or_else(|| "–".to_owned(), |us| format!("{us:.0}"));
    format!(
        "| {} | {} | {} | {:.0} | {:.0} | {:.2} ({:.2} to {:.2}) | {} | {} | {:.0} | {:.1} | {:.1} |\n",
        record.backend,
        record.algorithm.name(),
        record.connections,
        record.direct_per_s,
        record.agent_per_s,
        record.ratio,
        record.ratio_min,
        record.ratio_max,
        added(record.added_p50_us),
        added(record.added_p99_us),
        record.own_cpu_us_per_signature,
        record.front_rss_mib,
        record.host_rss_mib,
    )
}
