//! How long an auditor waits for `kunci attest verify`: the whole command, from its start to its end, and the judging alone.
//!
//! `cargo bench -p cli` prints the median and the 99th percentile of each, and fails if one of the latter is over 100 ms.
//! The evidence is real, from the crate `attestation-validator`; the bundle has seven keys with the entries of their lives.
#![allow(missing_docs, clippy::unwrap_used)]

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use attest::bundle::BUNDLE;
use attest::{Certificate, Evidence, Item, Outcome, Question, Timestamp};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// What each answer must take no longer than.
const BOUND: Duration = Duration::from_millis(100);
/// How often each is asked.
const ROUNDS: usize = 300;
/// Answers before those that count.
const WARM_UP: usize = 20;
/// The keys of the bundle: one for each region.
const KEYS: usize = 7;
/// A time at which all evidence is valid.
const AT: &str = "2026-01-01T00:00:00Z";
const YUBIKEY: [&str; 2] = ["Slot9Cattestation-pem", "SlotF9Intermediate-pem"];
const YUBIHSM: [&str; 2] = ["hsm-attestation-pem", "hsm-attestation-cert.cer"];

fn main() -> ExitCode {
    let (samples, folder) = (samples(), tempfile::tempdir().unwrap());
    let path = |name: &&str| samples.join(name).to_str().unwrap().to_owned();
    let (yubikey, yubihsm) = (YUBIKEY.each_ref().map(path), YUBIHSM.each_ref().map(path));
    let json = bundle(&yubikey);
    let file = folder.path().join("de.evidence.json");
    fs::write(&file, &json).unwrap();
    println!("{:34} {:>10} {:>10}", format!("{ROUNDS} answers each"), "median", "p99");
    let slowest = [
        measure("kunci attest verify, YubiKey", || command(&yubikey)),
        measure("kunci attest verify, YubiHSM 2", || command(&yubihsm)),
        measure("kunci attest verify, 7 keys", || command(&[file.to_str().unwrap().to_owned()])),
        measure("7 keys in memory", || in_memory(&json)),
    ];
    if slowest.iter().any(|p99| *p99 > BOUND) {
        eprintln!("An answer takes longer than {} ms.", BOUND.as_millis());
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Prints the median and the 99th percentile, and returns the latter.
fn measure(name: &str, answer: impl Fn()) -> Duration {
    (0..WARM_UP).for_each(|_| answer());
    let timed = |_| {
        let start = Instant::now();
        answer();
        start.elapsed()
    };
    let mut times: Vec<Duration> = (0..ROUNDS).map(timed).collect();
    times.sort();
    let [median, p99] = [50, 99].map(|percent| times[ROUNDS * percent / 100]);
    let shown = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1e3);
    println!("{name:34} {:>10} {:>10}", shown(median), shown(p99));
    p99
}

fn command(files: &[String]) {
    let mut kunci = Command::new(env!("CARGO_BIN_EXE_kunci"));
    kunci.args(["attest", "verify", "--at", AT, "--json"]).args(files).stdout(Stdio::null());
    assert!(kunci.status().unwrap().success(), "not proven: {files:?}");
}

fn in_memory(json: &[u8]) {
    let mut evidence = Evidence::new();
    evidence.add(black_box(json)).unwrap();
    let question = Question::at(AT.parse::<Timestamp>().unwrap());
    match attest::answer(&evidence, &question) {
        Ok(Outcome::Bundle(report)) => assert!(report.is_yes() && report.keys.len() == KEYS),
        other => panic!("no answer to a bundle: {other:?}"),
    }
}

/// Seven keys, each proven by the same chain, and each with a life in the ledger.
fn bundle(chain: &[String]) -> Vec<u8> {
    let chain: Vec<Certificate> = chain.iter().map(|path| certificate(&fs::read(path).unwrap())).collect();
    let keys: Vec<Value> = (0..KEYS).map(|number| key(&format!("token-{number}"), &chain)).collect();
    serde_json::to_vec(&json!({"format": BUNDLE, "connector": "de", "keys": keys})).unwrap()
}

/// The leaf stands for the certificate that customers have: it is one of the same key.
fn key(token: &str, chain: &[Certificate]) -> Value {
    let base64 = |certificate: &Certificate| STANDARD.encode(certificate.der());
    let (pin, certified) = (chain[0].key().sha256().to_string(), chain[0].sha256().to_string());
    let states = ["generating", "generated", "attested", "certified", "published", "active"];
    let entry = |(index, state): (usize, &&str)| {
        let (pin, certified) = (
            Some(&pin).filter(|_| *state == "generated"),
            Some(&certified).filter(|_| *state == "certified"),
        );
        json!({"index": index, "entry": {
            "v": 1, "time": AT, "kind": "lifecycle", "connector": "de", "key": token, "token": token, "state": state,
            "spki_sha256": pin, "certificate_sha256": certified,
        }})
    };
    json!({
        "token": token, "key": token, "spki_sha256": pin, "certificate": base64(&chain[0]),
        "attestation": chain.iter().map(base64).collect::<Vec<_>>(),
        "attributes": {"sensitive": true, "extractable": false, "local": true},
        "device": {"label": token, "manufacturer": "Yubico", "model": "YubiKey 5", "serial": "15422467"},
        "ledger": states.iter().enumerate().map(entry).collect::<Vec<_>>(),
    })
}

fn certificate(file: &[u8]) -> Certificate {
    match attest::parse(file).unwrap().remove(0) {
        Item::Certificate(certificate) => *certificate,
        other => panic!("no certificate: {other:?}"),
    }
}

/// The sources of `attestation-validator`: cargo knows where they are.
fn samples() -> PathBuf {
    let output = Command::new(env!("CARGO")).args(["metadata", "--format-version", "1"]).output().unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "attestation-validator").unwrap();
    Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap().to_owned()
}
