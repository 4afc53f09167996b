//! Group commit: one record alone, and sixteen waiting at once; a bare fdatasync beside them. Then a start with a million
//! entries. It runs under `target/`, so that a real disk is measured, and prints the CPU time of a record.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::{
    fs::File,
    hint::black_box,
    io::Write,
    path::Path,
    sync::mpsc,
    time::{Duration, Instant},
};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ledger::{Caller, Entry, Kind, Ledger};
use rustix::time::{ClockId, clock_gettime};

/// The longest that a start with a million entries may take.
const START_LIMIT: Duration = Duration::from_secs(1);

fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn intent() -> Entry {
    Entry::new(Kind::Intent)
        .connector("de")
        .key("0123456789abcdef0123456789abcdef")
        .token("frankfurt")
        .caller(Caller { uid: 1001, unit: Some("iep.service".into()) })
        .tenant("11111111-2222-3333-4444-555555555555")
        .client_id("66666666-7777-8888-9999-000000000000")
        .aud("https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/oauth2/v2.0/token")
        .jti("0a1b2c3d4e5f60718293a4b5c6d7e8f9")
        .exp(1_800_000_000)
        .digest("0".repeat(64))
        .message("assertion")
}

/// Keeps `waiting` records in flight until `count` are durable.
fn append(ledger: &Ledger, count: u64, waiting: u64) {
    let (tell, told) = mpsc::channel();
    for number in 0..count {
        if number >= waiting {
            told.recv().unwrap();
        }
        let tell = tell.clone();
        ledger.record(intent(), move |durable| tell.send(durable.unwrap().index()).unwrap());
    }
    told.iter().take(count.min(waiting) as usize).for_each(|index| assert_ne!(black_box(index), u64::MAX));
}

fn cpu() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

fn bench_append(c: &mut Criterion) {
    let mut group = c.benchmark_group("append");
    group.throughput(Throughput::Elements(1));
    group.bench_function("fdatasync of 600 bytes, bare", |b| {
        let dir = folder();
        let mut file = File::create(dir.path().join("bare")).unwrap();
        b.iter(|| {
            file.write_all(&[b'x'; 600]).unwrap();
            file.sync_data().unwrap();
        });
    });
    for waiting in [1, 16] {
        let dir = folder();
        let (ledger, _) = Ledger::open(dir.path()).unwrap();
        let (mut used, mut records) = (Duration::ZERO, 0);
        group.bench_function(format!("{waiting} waiting"), |b| {
            b.iter_custom(|count| {
                let (start, cpu_start) = (Instant::now(), cpu());
                append(&ledger, count, waiting);
                used += cpu() - cpu_start;
                records += count;
                start.elapsed()
            });
        });
        println!("{waiting} waiting: {:.1} µs CPU a record", used.as_secs_f64() * 1e6 / records as f64);
    }
    group.finish();
}

fn bench_start(c: &mut Criterion) {
    let dir = folder();
    fill(dir.path(), 1_000_000);
    let start = Instant::now();
    drop(Ledger::open(dir.path()).unwrap());
    assert!(start.elapsed() < START_LIMIT, "a start took {:?}", start.elapsed());
    c.bench_function("start with a million entries", |b| b.iter(|| Ledger::open(dir.path()).unwrap().1));
    let start = Instant::now();
    let report = ledger::verify(&ledger::Reader::open(dir.path()).unwrap(), |_, _| {}).unwrap();
    assert_eq!(report.damage, []);
    println!("verify of a million entries: {:.1} s", start.elapsed().as_secs_f64());
}

fn fill(dir: &Path, size: u64) {
    let (ledger, _) = Ledger::open(dir).unwrap();
    append(&ledger, size, 4000);
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(Duration::from_secs(4));
    targets = bench_append, bench_start
}
criterion_main!(benches);
