//! How long a tenants file of 100,000 rows takes to load, and one look-up in it.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{Criterion, criterion_group, criterion_main};
use hsm_config::{Known, Tenants, TenantsFile};
use std::hint::black_box;
use std::io::Write;

const ROWS: u128 = 100_000;

/// A GUID that looks random and is the same in every run.
fn id(n: u128) -> String {
    let hex = format!("{:032x}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

fn tenants(criterion: &mut Criterion) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "tenant,client_id,object_id").unwrap();
    for n in 1..=ROWS {
        writeln!(file, "{},{},{}", id(n), id(n + ROWS), id(n + 2 * ROWS)).unwrap();
    }
    file.flush().unwrap();
    let load = || {
        let rows = tempfile::tempfile().unwrap();
        TenantsFile::load(black_box(file.path())).unwrap().write(&rows).unwrap();
        Tenants::open(rows).unwrap()
    };
    let table = load();
    println!("{} rows, {} bytes of them in this process", table.len(), table.memory());
    criterion.bench_function("load 100,000 tenants", |b| b.iter(load));
    let (tenant, client_id) = (id(777), id(777 + ROWS));
    criterion.bench_function("find one of 100,000 tenants", |b| {
        b.iter(|| assert_eq!(table.knows(black_box(&tenant), black_box(&client_id)).unwrap(), Known::Pair));
    });
}

criterion_group!(benches, tenants);
criterion_main!(benches);
