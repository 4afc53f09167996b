//! How long an answer takes for a chain of the hierarchy before firmware 5.7.4, parsing included.
#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;

use attest::{Evidence, Question, Timestamp, Verdict};
use criterion::{Criterion, criterion_group, criterion_main};

/// The sources of `attestation-validator`, with real chains in them.
fn samples() -> PathBuf {
    let output = Command::new(env!("CARGO")).args(["metadata", "--format-version", "1"]).output().unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "attestation-validator").unwrap();
    Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap().to_owned()
}

fn verify(criterion: &mut Criterion) {
    let folder = samples();
    let question = Question::at(Timestamp::from_second(1_790_000_000).unwrap());
    let chains = [
        ("YubiKey", ["Slot9Cattestation-pem", "SlotF9Intermediate-pem"]),
        ("YubiHSM 2", ["hsm-attestation-pem", "hsm-attestation-cert.cer"]),
    ];
    for (device, files) in chains {
        let files = files.map(|name| std::fs::read(folder.join(name)).unwrap());
        criterion.bench_function(&format!("judge the evidence of a {device}"), |bencher| {
            bencher.iter(|| {
                let mut evidence = Evidence::new();
                files.iter().for_each(|file| evidence.add(black_box(file)).unwrap());
                assert_eq!(attest::verify(&evidence, &question).verdict, Verdict::Proven);
            });
        });
    }
}

criterion_group!(benches, verify);
criterion_main!(benches);
