//! How long answers over a long log take, by the index and without it, and how long the index takes to be made.
//!
//! `cargo bench -p audit` writes a log of a million entries under `target/`, asks, and removes it; with
//! `KUNCI_ENTRIES=10000000`, of ten million: about 6 GB. It fails if an answer for one jti, tenant or day takes longer than a
//! second, if memory is over 200 MiB, or if the index takes longer than a minute for ten million.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use audit::{Exposure, Index, Log, Query, Stats, intents};
use jiff::{SignedDuration, Timestamp};

/// What each answer must take no longer than.
const ANSWER: Duration = Duration::from_secs(1);
/// What the index may take for each entry: a minute for ten million.
const INDEXED: Duration = Duration::from_micros(6);
/// The most memory, in MiB.
const MEMORY_MIB: u64 = 200;
/// How often each answer is asked for; the slowest counts.
const ROUNDS: usize = 5;
/// Customers.
const TENANTS: u64 = 3600;
/// How long the log is, in days.
const DAYS: i64 = 30;

fn main() -> ExitCode {
    let entries = std::env::var("KUNCI_ENTRIES").map_or(1_000_000, |count| count.parse::<u64>().unwrap());
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (dir, cache) = (folder.path().join("log"), folder.path().join("index"));
    let step = SignedDuration::from_hours(24 * DAYS) / i32::try_from(entries).unwrap();
    let written = timed(|| common::write(&dir, entries, |index| entry(index, step)));
    println!("{entries} entries, {} MiB, written in {:.1} s", bytes(&dir) >> 20, written.as_secs_f64());
    let (log, index) = (Log::open(&dir).unwrap(), Index::open(&cache).unwrap());
    let mut is_good = made(&log, &index, entries);
    println!("the index has {} MiB", bytes(&cache) >> 20);
    println!("{:30} {:>9} {:>6} {:>7} {:>7} {:>5}", "slowest of 5", "intents", "rows", "ms", "CPU ms", "MiB");
    let day = |number: i64| Some(common::time(0) + SignedDuration::from_hours(24 * number));
    let one = |query| Query { connector: None, ..query };
    for (name, query) in [
        ("one jti", one(Query { jti: Some(jti(entries / 2)), ..Query::default() })),
        ("a jti that is not there", one(Query { jti: Some("none".into()), ..Query::default() })),
        ("one tenant", one(Query { tenant: Some(tenant(7)), ..Query::default() })),
        ("one day", one(Query { since: day(12), until: day(13), ..Query::default() })),
    ] {
        let slowest = (0..ROUNDS).map(|_| ask(&log, Some(&index), &query)).max_by_key(|asked| asked.time);
        is_good &= slowest.unwrap().print(name);
    }
    let all = Query { connector: Some("de".into()), ..Query::default() };
    ask(&log, Some(&index), &all).print("all of a connector");
    ask(&log, None, &all).print("the same, without an index");
    let mut stats = Stats::default();
    let time = timed(|| {
        intents(&log, Some(&index), &Query::default(), |hit, is_voided| stats.add(hit, is_voided)).unwrap();
    });
    println!(
        "{:34} {:>9} {:>9} {:>9}",
        "statistics of all",
        stats.signatures(),
        stats.rows().len(),
        time.as_millis()
    );
    if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What an answer was, and what it took.
struct Asked {
    intents: u64,
    rows: usize,
    time: Duration,
    cpu: Duration,
    mib: u64,
}

impl Asked {
    /// Whether it stays within the bounds.
    fn print(&self, name: &str) -> bool {
        let Self { intents, rows, time, cpu, mib } = self;
        let (ms, cpu) = (time.as_millis(), cpu.as_millis());
        println!("{name:30} {intents:>9} {rows:>6} {ms:>7} {cpu:>7} {mib:>5}");
        *time <= ANSWER && *mib <= MEMORY_MIB
    }
}

fn ask(log: &Log, index: Option<&Index>, query: &Query) -> Asked {
    forget_peak();
    let (mut exposure, before) = (Exposure::default(), cpu());
    let time = timed(|| {
        // The command opens the log and looks whether the index is whole, each time.
        let log = Log::open(Path::new(log.name())).unwrap();
        index.into_iter().for_each(|index| index.prepare(&log, |_, _| {}).unwrap());
        let asked = intents(&log, index, query, |hit, is_voided| exposure.add(hit, is_voided)).unwrap();
        assert!(asked.damage.is_empty());
    });
    let intents = exposure.all.signatures + exposure.apart.voided;
    Asked { intents, rows: exposure.rows().len(), time, cpu: cpu() - before, mib: peak_mib() }
}

fn made(log: &Log, index: &Index, entries: u64) -> bool {
    forget_peak();
    let before = cpu();
    let time = timed(|| index.prepare(log, |_, _| {}).unwrap());
    let (mib, cpu) = (peak_mib(), (cpu() - before).as_secs_f64());
    println!(
        "the index is made in {:.1} s ({cpu:.1} s of the processors), with {mib} MiB",
        time.as_secs_f64()
    );
    time <= INDEXED * u32::try_from(entries).unwrap() && mib <= MEMORY_MIB
}

/// As an agent writes them: some 570 bytes. One of a thousand voids the one before it.
fn entry(index: u64, step: SignedDuration) -> String {
    let time: Timestamp = common::time(0) + step * i32::try_from(index).unwrap();
    let connector = ["de", "uk", "us", "ca", "au", "jp", "za"][(index % 7) as usize];
    if index % 1000 == 999 {
        return format!(
            r#"{{"v":1,"time":"{time:.6}","kind":"void","connector":"{connector}","voids":{},"reason":"token-failed"}}"#,
            index - 1
        );
    }
    let (tenant, jti) = (tenant(index % TENANTS), jti(index));
    let client = format!("2f0c1a52-6b1d-4f0e-8a27-6f6f5f0d9a0{}", index % 3);
    format!(
        r#"{{"v":1,"time":"{time:.6}","kind":"intent","connector":"{connector}","key":"0123456789abcdef0123456789abcdef","token":"frankfurt","caller":{{"uid":991,"unit":"internal-email-protect.service"}},"tenant":"{tenant}","client_id":"{client}","aud":"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token","jti":"{jti}","exp":1793534400,"digest":"{}","message":"assertion"}}"#,
        "0123456789abcdef".repeat(4)
    )
}

fn tenant(number: u64) -> String {
    format!("11111111-2222-4333-8444-{number:012}")
}

fn jti(index: u64) -> String {
    format!("{:08x}-7c1b-7d2a-9a52-3a5d1f4e8b11", index.wrapping_mul(2_654_435_761) & 0xffff_ffff)
}

/// What this process took of the processors so far.
fn cpu() -> Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(spent).unwrap()
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn bytes(dir: &Path) -> u64 {
    let size = |entry: fs::DirEntry| match entry.file_type().unwrap().is_dir() {
        true => bytes(&entry.path()),
        false => entry.metadata().unwrap().len(),
    };
    fs::read_dir(dir).unwrap().map(|entry| size(entry.unwrap())).sum()
}

/// Lets the kernel measure the peak of resident memory anew (proc(5), clear_refs).
fn forget_peak() {
    fs::write("/proc/self/clear_refs", "5").unwrap();
}

fn peak_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() >> 10
}
