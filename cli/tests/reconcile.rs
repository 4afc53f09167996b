//! `kunci log reconcile` as an operator types it, on a log that the ledger wrote: what it says, and how files that it cannot
//! read are named.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::fs;
use std::path::Path;
use std::sync::mpsc;

use common::Bench;
use ledger::{Caller, Entry, Kind, Ledger, Timestamp};
use serde_json::{Value, json};
use token::message::Thumbprint;

const TENANT: &str = "6b1d2f0c-0000-4f0e-8a27-6f6f5f0d9a01";
const APP: &str = "2f0c1a52-6b1d-4f0e-8a27-6f6f5f0d9a01";
/// A certificate that some key may have.
const CERTIFICATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../attest/tests/tpm/swtpm-root.pem");

fn certificate() -> Thumbprint {
    let items = attest::parse(&fs::read(CERTIFICATE).unwrap()).unwrap();
    let Some(attest::Item::Certificate(certificate)) = items.first() else { panic!("no certificate") };
    Thumbprint::of(certificate.der())
}

fn write(dir: &Path, entries: Vec<Entry>) {
    fs::create_dir_all(dir).unwrap();
    let (ledger, _) = Ledger::open(dir).unwrap();
    for entry in entries {
        let (done, landed) = mpsc::channel();
        ledger.record(entry, move |result| done.send(result.map(|durable| durable.index())).unwrap());
        landed.recv().unwrap().unwrap();
    }
}

/// A log with a certificate and one assertion of now.
fn bench(certified: Entry) -> Bench {
    let bench = Bench::new();
    let intent = Entry::new(Kind::Intent)
        .connector("de")
        .key("0a0b")
        .caller(Caller { uid: 991, unit: None })
        .tenant(TENANT)
        .client_id(APP)
        .exp(Timestamp::now().as_second() + 300)
        .message("assertion");
    write(&bench.path("state/log"), vec![certified, intent]);
    bench.write("networks.txt", "192.0.2.0/24\n");
    bench
}

fn certified() -> Entry {
    let entry = Entry::new(Kind::Lifecycle).connector("de").key("0a0b").state("certified");
    entry.certificate_sha256(certificate().sha256().to_string())
}

fn sign_in() -> Value {
    json!({"createdDateTime": Timestamp::now().to_string(), "appId": APP, "resourceTenantId": TENANT, "ipAddress": "192.0.2.7",
        "servicePrincipalCredentialThumbprint": certificate().sha1_hex(), "status": {"errorCode": 0}})
}

fn with(mut row: Value, name: &str, value: &str) -> String {
    row[name] = value.into();
    row.to_string() + "\n"
}

const ASK: [&str; 5] = ["log", "reconcile", "signins.json", "--egress", "networks.txt"];

#[test]
fn a_sign_in_of_the_agents_is_explained_in_the_first_line() {
    let bench = bench(certified().certificate_sha1(certificate().sha1_hex()));
    bench.write("signins.json", &sign_in().to_string());
    let done = bench.kunci(&ASK);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert!(
        done.out.starts_with("EXPLAINED: all 1 sign-ins of 1 tenants fit what the agent signed.\n"),
        "{}",
        done.out
    );
}

#[test]
fn a_theft_is_told_first_then_whom_to_call_then_why() {
    let bench = bench(certified().certificate_sha1(certificate().sha1_hex()));
    let stolen = with(sign_in(), "resourceTenantId", "6b1d2f0c-0000-4f0e-8a27-6f6f5f0d9a02");
    bench.write("signins.json", &(sign_in().to_string() + "\n" + &stolen));
    let done = bench.kunci(&ASK);
    assert_eq!(done.code, 1, "{}", done.err);
    let lines: Vec<_> = done.out.lines().collect();
    assert!(lines[0].starts_with("NOT EXPLAINED: 1 of 2 tenants have sign-ins"), "{}", done.out);
    let call = lines.iter().position(|line| line.starts_with("Call these tenants")).unwrap();
    assert!(lines[call + 1].contains("sure") && lines[call + 1].ends_with("9a02"), "{}", done.out);
    let why = lines.iter().position(|line| line.starts_with("Sign-ins that no assertion explains")).unwrap();
    assert!(call < why && done.out.contains("rows signins.json:2"), "{}", done.out);
    let json = bench.kunci(&[&["--json"], &ASK[..]].concat());
    let report: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((json.code, &report["explained"]), (1, &false.into()));
    assert_eq!(report["call"][0]["kinds"], json!(["unexplained"]));
}

#[test]
fn a_log_without_sha_1_takes_the_certificates() {
    let bench = bench(certified());
    let other = with(sign_in(), "resourceTenantId", "6b1d2f0c-0000-4f0e-8a27-6f6f5f0d9a02");
    bench.write("signins.json", &other);
    let certainty = |arguments: &[&str]| {
        let done = bench.kunci(&[&["--json"], &ASK[..], arguments].concat());
        let report: Value = serde_json::from_str(&done.out).unwrap_or_else(|_| panic!("{}", done.err));
        report["findings"][0]["certainty"].clone()
    };
    assert_eq!(certainty(&[]), "likely");
    fs::create_dir(bench.path("certificates")).unwrap();
    fs::copy(CERTIFICATE, bench.path("certificates/de.pem")).unwrap();
    assert_eq!(certainty(&["--certificates", "certificates"]), "sure");
    let none = bench.kunci(&[&ASK[..], &["--certificates", "state/log"]].concat());
    assert_eq!(none.code, 2);
    assert!(none.err.contains("has no certificate of a key of these logs"), "{}", none.err);
}

#[test]
fn exports_may_lie_in_folders_and_be_packed() {
    let bench = bench(certified());
    fs::create_dir_all(bench.path("exports/y=2026/m=11")).unwrap();
    bench.write("exports/y=2026/m=11/PT1H.json", &sign_in().to_string());
    bench.write("exports/.hidden", "no export");
    let done = bench.kunci(&["log", "reconcile", "exports", "--log", "state/log"]);
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    fs::create_dir(bench.path("empty")).unwrap();
    assert_eq!(bench.kunci(&["log", "reconcile", "empty"]).code, 2);
}

#[test]
fn what_cannot_be_read_is_named_with_file_and_line() {
    let bench = bench(certified());
    let bad = with(sign_in(), "ipAddress", "nowhere\nEXPLAINED");
    for (file, text, said) in [
        ("signins.json", bad.clone(), r#"kunci: signins.json:1: "nowhere\nEXPLAINED" is no address"#),
        ("signins.json", sign_in().to_string() + "\n" + &bad, "kunci: signins.json:2: "),
        ("signins.json", String::new(), "kunci: signins.json:1: the file is empty"),
        ("networks.txt", "192.0.2.0/24\n192.0.2.1/24\n".to_owned(), "kunci: networks.txt:2: "),
    ] {
        bench.write("signins.json", &sign_in().to_string());
        bench.write("networks.txt", "192.0.2.0/24\n");
        bench.write(file, &text);
        let done = bench.kunci(&ASK);
        assert_eq!((done.code, done.out.as_str()), (2, ""), "{}", done.err);
        assert!(done.err.starts_with(said), "{}", done.err);
        assert!(done.err.lines().all(|line| !line.starts_with("EXPLAINED")), "{}", done.err);
        let json = bench.kunci(&[&["--json"], &ASK[..]].concat());
        assert!(json.problem()["code"].as_str().unwrap().ends_with("-unreadable"), "{}", json.err);
    }
    let missing = bench.kunci(&["log", "reconcile", "nothing.json"]);
    assert!(missing.code == 2 && missing.err.contains(r#""nothing.json""#), "{}", missing.err);
}

/// An export of something else must not read as all being well.
#[test]
fn sign_ins_of_nobody_here_are_no_answer() {
    let bench = bench(certified());
    let mut row = sign_in();
    row["servicePrincipalCredentialThumbprint"] = "ff".repeat(20).into();
    bench.write("signins.json", &with(row, "appId", TENANT));
    let done = bench.kunci(&ASK);
    assert_eq!((done.code, done.out.as_str()), (2, ""));
    assert!(
        done.err.starts_with("kunci: Nothing was compared: of 1 sign-ins, 1 are of applications"),
        "{}",
        done.err
    );
}
